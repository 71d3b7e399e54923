"""What a build is made from: one commit, in a folder of its own that shares nothing with the person's checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from pypi_runbook.errors import RunbookError
from pypi_runbook.manual.release import PAGE, Release
from pypi_runbook.manual.tools import announce, say

# What the person's own settings would change in a checkout: line ends, hooks, templates.
PLAIN = ("-c", "core.autocrlf=false", "-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false")
OURS = ("dist", ".pypi-runbook")
CACHES = ("__pycache__", ".git", ".tox", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache", "node_modules")
SHOWN = 20


@dataclass(frozen=True)
class Source:
    """What is to be built.

    commit: None where no commit holds the project; ref: what the person named, None for the checkout as it is.
    tags: of that commit; seconds: the commit's time; top, prefix: the repository's root and the project's place in it.
    changes: what no commit holds and goes into the build all the same, as `git status` shows it.
    """

    commit: str | None
    ref: str | None
    tags: tuple[str, ...]
    seconds: str | None
    top: Path
    prefix: str
    changes: tuple[str, ...] = ()

    def tag_for(self, version: Version | None) -> str | None:
        """Return the tag under which VERSION is released: the one that was named, else the one that says the same version."""
        return self.ref if self.ref in self.tags else next((tag for tag in self.tags if version_of(tag) == version), None)


def version_of(tag: str) -> Version | None:
    """Return the version that TAG says, `1.2.0` and `v1.2.0` alike; None when it says none."""
    try:
        return Version(tag)
    except ValueError:
        return None


def find_source(release: Release, ref: str | None, *, allow_dirty: bool) -> Source:
    """Return what REF, or else the checkout as it is, would be built from.

    RunbookError when REF is nothing here, or when files are not as the commit has them and neither a REF nor ALLOW_DIRTY was given.
    """
    commit = _commit(release, ref)
    if commit is None:
        say("note: no commit holds this folder, so it is built as it is, and a second build may give other bytes")
        return Source(None, None, (), os.environ.get("SOURCE_DATE_EPOCH"), release.root, "")
    changes = () if ref else tuple(changes_in(release.root))
    if changes and not allow_dirty:
        raise _dirty(release, changes)
    top, prefix = ask(release.root, "rev-parse", "--show-toplevel"), ask(release.root, "rev-parse", "--show-prefix")
    tags = ask(release.root, "tag", "--points-at", commit).split("\n")
    return Source(commit, ref, tuple(filter(None, tags)), ask(release.root, "log", "-1", "--format=%ct", commit), Path(top), prefix, changes)


def changes_in(folder: Path) -> list[str]:
    """Return the files of the project in FOLDER that are not as the commit has them, each with git's two letters before it."""
    excluded = [f":(exclude){name}" for name in OURS]
    listing = ask(folder, "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--", ".", *excluded)
    return [entry for entry in listing.split("\0") if entry]


def isolate(release: Release, source: Source, folder: Path) -> Path:
    """Put what SOURCE describes into FOLDER, which is empty, and return where the project lies there."""
    if source.commit is None:
        target = folder / release.root.name
        shutil.copytree(release.root, target, symlinks=True, ignore=_left_out)
        return target
    target = folder / source.top.name
    _git("clone", "--quiet", "--shared", "--no-checkout", "--template=", "--config", "core.autocrlf=false", str(source.top), str(target))
    _git("-C", str(target), "checkout", "--quiet", "--detach", source.commit)
    if (target / ".gitmodules").is_file():
        _git("-C", str(target), "submodule", "update", "--quiet", "--init", "--recursive")
    for change in source.changes:
        _take(source.top / change[3:], target / change[3:])
    shutil.rmtree(target / source.prefix / "dist", ignore_errors=True)
    return target / source.prefix


def ask(folder: Path, *arguments: str) -> str:
    """Return what git prints in FOLDER; RunbookError `git-failed` with git's own words."""
    done = _run(["git", "-C", str(folder), *arguments])
    if done.returncode:
        raise _failed(done)
    return done.stdout.rstrip("\n")


def _commit(release: Release, ref: str | None) -> str | None:
    if shutil.which("git") is None:
        done = None
    else:
        done = _run(["git", "-C", str(release.root), "rev-parse", "--quiet", "--verify", "--end-of-options", f"{ref or 'HEAD'}^{{commit}}"])
    if done and done.returncode == 0 and (ref or _run(["git", "-C", str(release.root), "ls-tree", "HEAD", "./"]).stdout):
        return done.stdout.strip()
    if done and "dubious ownership" in done.stderr:
        raise _failed(done)
    if ref is None:
        return None
    advice = "bring what the remote has with git fetch --tags, or see which tags there are with git tag"
    raise RunbookError("unknown-ref", f"git knows no tag or commit named {ref} here", None, None, advice, PAGE)


def _git(*arguments: str) -> None:
    announce(["git", *arguments])
    done = _run(["git", *PLAIN, *arguments])
    if done.returncode:
        raise _failed(done)


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    env = {**kept, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    # The umask decides the modes in an sdist. A file's name need not be text.
    return subprocess.run(command, capture_output=True, text=True, errors="surrogateescape", check=False, env=env, umask=0o022)


def _take(here: Path, there: Path) -> None:
    if there.is_dir() and not there.is_symlink():
        shutil.rmtree(there)
    there.unlink(missing_ok=True)
    if here.is_dir() and not here.is_symlink():
        shutil.copytree(here, there, symlinks=True, ignore=_left_out)
    elif here.exists() or here.is_symlink():
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(here, there, follow_symlinks=False)


def _left_out(folder: str, names: list[str]) -> set[str]:
    ours = OURS if "pyproject.toml" in names or "setup.py" in names else OURS[1:]
    return {name for name in names if name in (*ours, *CACHES) or Path(folder, name, "pyvenv.cfg").is_file()}


def _dirty(release: Release, changes: tuple[str, ...]) -> RunbookError:
    more = f"\n  … and {len(changes) - SHOWN} more" if len(changes) > SHOWN else ""
    listing = "\n".join(f"  {change}" for change in changes[:SHOWN])
    message = f"these files are not as the commit has them, so nobody could build the same again:\n{listing}{more}"
    command = release.command("build")
    advice = f"commit them; or leave them out with {command} --ref HEAD; or take them as they are with {command} --allow-dirty"
    return RunbookError("dirty-tree", message.encode("utf-8", "replace").decode(), None, None, advice, PAGE)


def _failed(done: subprocess.CompletedProcess[str]) -> RunbookError:
    words = (done.stderr or done.stdout).strip().splitlines() or ["it printed nothing"]
    advice = "run the command that is shown above by hand; git says what it lacks"
    return RunbookError("git-failed", f"git ended with status {done.returncode}: {words[0]}", None, None, advice, PAGE)
