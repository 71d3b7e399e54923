"""Where the repository lives, from git's own files and the project's links; nothing is fetched."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from pypi_runbook.project.facts import Distribution, Repository, Unknown

REMOTE = re.compile(r"^(?:[\w+.-]+://)?(?:[^@/]+@)?(?P<host>[\w.-]+\.\w+)(?::\d+)?[:/]+(?P<owner>[^/\s]+)/(?P<name>[^/\s]+?)(?:\.git)?/?$")
GITHUB = re.compile(r"^https?://(?:www\.)?github\.com/(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?(?:/.*)?$")
BRANCH = re.compile(r"^https?://(?:www\.)?github\.com/[^/]+/[^/]+/(?:blob|tree|raw)/([^/]+)/")
# A repository that somebody hands over may name programs in its settings; these are the ones that reading would start.
NOTHING_RUN = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.pager=cat")
SECONDS = 20
LABELS = ("repository", "source", "sourcecode", "code", "github", "homepage")


def git(root: Path, *arguments: str) -> str | None:
    """Return what git prints about ROOT, None when it fails, is not installed or does not end.

    Neither git's own variables nor the repository's settings make it run or read anything else.
    """
    env = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")} | {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    if not (program := shutil.which("git")):
        return None
    try:
        command = [program, *NOTHING_RUN, "-C", str(root), *arguments]
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="surrogateescape", check=False, env=env, stdin=subprocess.DEVNULL, timeout=SECONDS
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return done.stdout.rstrip("\n") if done.returncode == 0 else None


def read_repository(root: Path, project: Distribution) -> tuple[Repository, list[Unknown]]:
    """Return owner, name, address and default branch of the repository at ROOT, and what nothing says.

    The remote says it; a folder without a remote of its own (a fixture, a fresh `git init`) is what PROJECT's links say.
    """
    own = (root / ".git").exists()
    places = [from_remote(root) if own else None, from_links(project), None if own else from_remote(root)]
    owner, name, url = next((place for place in places if place), (None, None, None))
    repository = Repository(owner, name, url, default_branch(root if own else None, project))
    reasons = {"owner": "git has no remote, and no project link leads to GitHub", "default_branch": "git does not say, and no link leads to a branch"}
    unknown = [Unknown(f"repository.{key}", reason) for key, reason in reasons.items() if getattr(repository, key) is None]
    return repository, [*unknown, *(Unknown(f"repository.{key}", reasons["owner"]) for key in ("name", "url") if owner is None)]


def from_remote(root: Path) -> tuple[str, str, str] | None:
    """Return owner, name and web address from the remote `origin`, or from the only other one; a folder as remote says nothing."""
    remotes = (git(root, "config", "--get-regexp", r"^remote\..*\.url$") or "").splitlines()
    urls = dict(line.split(" ", 1) for line in remotes if " " in line)
    chosen = urls.get("remote.origin.url") or (next(iter(urls.values())) if len(urls) == 1 else "")
    match = REMOTE.match(chosen) if not chosen.startswith("file:") else None
    return (match["owner"], match["name"], f"https://{match['host']}/{match['owner']}/{match['name']}") if match else None


def from_links(project: Distribution) -> tuple[str, str, str] | None:
    """Return owner, name and address from the first of PROJECT's links that leads to a repository on GitHub."""
    for url in links(project):
        if match := GITHUB.match(url):
            return match["owner"], match["name"], f"https://github.com/{match['owner']}/{match['name']}"
    return None


def links(project: Distribution) -> Iterator[str]:
    """Yield PROJECT's links, those that should lead to the source first."""
    plain = {re.sub(r"[\W_]", "", label).lower(): url for label, url in project.urls.items()}
    yield from (plain[label] for label in LABELS if label in plain)
    yield from project.urls.values()


def default_branch(root: Path | None, project: Distribution) -> str | None:
    """Return the branch that releases come from: the remote's HEAD, else a link to a file, else `main` or `master` where git has it."""
    if root and (head := git(root, "symbolic-ref", "--short", "refs/remotes/origin/HEAD")):
        return head.removeprefix("origin/")
    for url in project.urls.values():
        if match := BRANCH.match(url):
            return match[1]
    branches = (git(root, "branch", "--format=%(refname:short)") or "").splitlines() if root else []
    return next((name for name in ("main", "master") if name in branches), None)
