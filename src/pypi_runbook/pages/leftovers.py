"""What a path leaves behind: files outside its sandbox, and whose traces do not count."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# What test tools and this project write into a checkout while sessions run.
OWN_TRACES = {".git", ".runbook", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", "__pycache__", "site", ".coverage"}
# Large trees, of which the first levels tell enough: a virtual environment's commands and distributions.
DEEP = {".venv": 4, "node_modules": 1}
SHARED_CACHES = {".cache/pypi-runbook", ".cache/pip", ".python_history", ".bash_history"}


@dataclass(frozen=True)
class Files:
    """What stands in the folders that a path must not touch: each file's size and time of change."""

    seen: dict[str, tuple[int, int]]

    @classmethod
    def now(cls, checkout: Path, home: Path) -> Files:
        """List CHECKOUT whole and HOME two levels deep, without what the tests themselves write there."""
        seen = dict(_listing(checkout, depth=50))
        seen.update(_listing(home, depth=2))
        return cls(seen)

    def changes(self, later: Files) -> list[str]:
        """Return what became of the files until LATER, one line each."""
        made = [f"{path} was made" for path in later.seen if path not in self.seen]
        gone = [f"{path} was deleted" for path in self.seen if path not in later.seen]
        return sorted(made + gone)


def _listing(folder: Path, depth: int) -> Iterator[tuple[str, tuple[int, int]]]:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name in OWN_TRACES or any(entry.path.endswith(f"/{path}") for path in SHARED_CACHES):
                continue
            with suppress(OSError):
                stat = entry.stat(follow_symlinks=False)
                yield entry.path, (stat.st_size, stat.st_mtime_ns)
            if depth > 1 and entry.is_dir(follow_symlinks=False):
                yield from _listing(Path(entry.path), min(depth - 1, DEEP.get(entry.name, depth)))
