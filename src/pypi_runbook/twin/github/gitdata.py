"""What is asked of a bare repository, and changed in it, for the REST API; names from outside never reach git as options or as formulas."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pypi_runbook.twin.github.backend import git_environment

SHA = re.compile(r"[0-9a-f]{40}")
SHORT_SHA = re.compile(r"[0-9a-f]{4,40}")
DETAILS = ("sha", "tree", "parents", "author_name", "author_email", "author_date", "committer_name", "committer_email", "committer_date", "message")
FORMAT = "%x00".join(("%H", "%T", "%P", "%an", "%ae", "%aI", "%cn", "%ce", "%cI", "%B"))


@dataclass(frozen=True)
class Ref:
    """A reference: its full name, the object that it names and that object's kind, and the commit behind an annotated tag."""

    name: str
    sha: str
    kind: str
    commit: str


def run_git(origin: Path, *arguments: str) -> str | None:
    """Return what git says about ORIGIN, or None when it cannot."""
    command = ["git", "--git-dir", str(origin), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=git_environment())
    except ValueError:
        # A zero byte or half a character: nothing that git could know.
        return None
    return done.stdout.decode("utf-8", "replace").rstrip("\n") if done.returncode == 0 else None


def is_well_formed(origin: Path, ref: str) -> bool:
    """Tell whether REF, in full, can be the name of a reference."""
    return run_git(origin, "check-ref-format", ref) is not None


def default_branch(origin: Path) -> str:
    """Return the branch that HEAD names."""
    return (run_git(origin, "symbolic-ref", "--short", "HEAD") or "main").removeprefix("heads/")


def commit_at(origin: Path, ref: str) -> str | None:
    """Return the commit of REF, a reference in full or the start of a commit's name; None when there is none."""
    if not SHORT_SHA.fullmatch(ref) and not (ref.startswith("refs/") and is_well_formed(origin, ref)):
        return None
    return run_git(origin, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")


def commit_of_tag(origin: Path, tag: str) -> str | None:
    """Return the commit of TAG, or None when there is no such tag."""
    return commit_at(origin, f"refs/tags/{tag}")


def commit_of_target(origin: Path, target: str) -> str | None:
    """Return the commit of a release's target, a branch or a whole commit name; None for everything else, a tag included."""
    branch = commit_at(origin, f"refs/heads/{target.removeprefix('refs/heads/')}")
    return branch or (commit_at(origin, target) if SHA.fullmatch(target) else None)


def commit_of_any(origin: Path, name: str) -> str | None:
    """Return the commit of a branch, a tag, `heads/…`, `tags/…`, `HEAD` or a commit's name; None when it is none of them."""
    if name == "HEAD":
        return commit_at(origin, f"refs/heads/{default_branch(origin)}")
    candidates = (f"refs/heads/{name}", f"refs/tags/{name}", f"refs/{name.removeprefix('refs/')}", name)
    return next((found for each in candidates if (found := commit_at(origin, each))), None)


def refs(origin: Path, start: str = "refs/") -> list[Ref]:
    """Return the references whose names begin with START, sorted."""
    lines = run_git(origin, "for-each-ref", "--format=%(refname) %(objectname) %(objecttype) %(*objectname)") or ""
    found = [Ref(*line.split(" ")) for line in lines.splitlines()]
    return [Ref(ref.name, ref.sha, ref.kind, ref.commit or ref.sha) for ref in found if ref.name.startswith(start)]


def find_ref(origin: Path, name: str) -> Ref | None:
    """Return the reference with that full NAME, or None."""
    return next((ref for ref in refs(origin, name) if ref.name == name), None)


def tags(origin: Path) -> list[Ref]:
    """Return the tags, the highest version first."""
    lines = run_git(origin, "for-each-ref", "--sort=-version:refname", "--format=%(refname)", "refs/tags") or ""
    known = {ref.name: ref for ref in refs(origin, "refs/tags/")}
    return [known[name] for name in lines.splitlines() if name in known]


def has_object(origin: Path, sha: str) -> bool:
    """Tell whether there is an object with that whole name."""
    return bool(SHA.fullmatch(sha)) and run_git(origin, "cat-file", "-e", sha) is not None


def set_ref(origin: Path, ref: str, sha: str, old: str = "0" * 40) -> bool:
    """Let REF name the object SHA; tell whether it named OLD until now, by default nothing, and so changed."""
    return run_git(origin, "update-ref", ref, sha, old) is not None


def delete_ref(origin: Path, ref: str) -> bool:
    """Delete REF; tell whether it was there."""
    known = find_ref(origin, ref)
    return known is not None and run_git(origin, "update-ref", "-d", ref, known.sha) is not None


def details(origin: Path, sha: str) -> dict[str, str]:
    """Return what git knows of the commit SHA, under the names of DETAILS; dates as ISO 8601."""
    text = run_git(origin, "log", "-1", f"--format={FORMAT}", sha) or "\x00" * (len(DETAILS) - 1)
    return dict(zip(DETAILS, text.split("\x00"), strict=True))


def committed(origin: Path, sha: str) -> float | None:
    """Return when the commit SHA was made, in seconds since the epoch."""
    date = details(origin, sha)["committer_date"]
    return datetime.fromisoformat(date).timestamp() if date else None


def previous_tag(origin: Path, commit: str) -> str | None:
    """Return the nearest tag before COMMIT, or None."""
    return run_git(origin, "describe", "--tags", "--abbrev=0", f"{commit}^")
