"""Whether a repository is this person's: its workflow runs commands here, so another's is rehearsed only after a yes."""

from __future__ import annotations

import os
from pathlib import Path

from pypi_runbook.project.git import from_remote, git


def stranger(root: Path) -> str:
    """Return why the repository in ROOT seems to be another person's, nothing when it does not.

    It is theirs when the folder is another user's, or when it was cloned from somewhere and holds no commit by the address that git
    knows this person by. A folder without a remote was made here; without an address there is nothing to compare, as in CI.
    """
    root = root.resolve()
    if os.name != "nt" and os.geteuid() not in (0, root.stat().st_uid):
        return "its folder belongs to another user"
    address = git(root, "config", "user.email")
    if not address or not (root / ".git").exists() or from_remote(root) is None:
        return ""
    for role in ("--author", "--committer"):
        if git(root, "log", "--all", "--max-count=1", "--format=%H", "--fixed-strings", f"{role}=<{address}>"):
            return ""
    return f"it was cloned, and no commit in it is by {address}"
