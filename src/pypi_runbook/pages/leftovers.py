"""What a path leaves behind: its processes, found also when they left its process group, and files outside its sandbox."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
# What test tools and this project write into a checkout while sessions run.
OWN_TRACES = {".git", ".runbook", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", "__pycache__", "site", ".coverage"}
# Large trees, of which the first levels tell enough: a virtual environment's commands and distributions.
DEEP = {".venv": 4, "node_modules": 1}
SHARED_CACHES = {".cache/pypi-runbook", ".cache/pip", ".python_history", ".bash_history"}


@dataclass(frozen=True)
class Process:
    """One running process, as the system lists it."""

    pid: int
    parent: int
    command: str


def adopt_orphans() -> None:
    """Become the parent of every descendant that loses its own, so that a double fork does not hide it; Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def processes() -> Iterator[Process]:
    """Yield every process that still runs; a dead one that waits for its parent does not count."""
    if not Path("/proc/self/stat").exists():
        yield from _listed()
        return
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with suppress(OSError):
                stat = (folder / "stat").read_text(errors="replace")
                name, (state, parent) = stat[stat.index("(") + 1 : stat.rindex(")")], stat[stat.rindex(")") + 2 :].split()[:2]
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                if state not in "ZX":
                    yield Process(int(folder.name), int(parent), command or name)


def _listed() -> Iterator[Process]:
    """Yield what ps(1) lists, where there is no /proc."""
    listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat=,command="], capture_output=True, text=True, check=True).stdout
    for line in listing.splitlines():
        pid, parent, state, command = line.split(maxsplit=3)
        if not state.startswith("Z"):
            yield Process(int(pid), int(parent), command)


def descendants(root: int | None = None, *, without: Iterable[int] = ()) -> list[Process]:
    """Return the processes below ROOT, this process unless given; those of WITHOUT and what is below them are left out."""
    children: dict[int, list[Process]] = {}
    for process in processes():
        children.setdefault(process.parent, []).append(process)
    found, queue, left_out = [], [root or os.getpid()], set(without)
    while queue:
        below = [process for process in children.get(queue.pop(), []) if process.pid not in left_out]
        found.extend(below)
        queue.extend(process.pid for process in below)
    return found


def end(root: int | None = None, *, without: Iterable[int] = (), itself: bool = False, patience: float = 5.0) -> None:
    """End what `descendants` returns, and ROOT ITSELF when asked to; also those that are born meanwhile."""
    limit = time.monotonic() + patience
    if itself and root is not None:
        with suppress(ProcessLookupError, PermissionError):
            # Stopped first: what cannot run has no more children.
            os.kill(root, signal.SIGSTOP)
    while (running := descendants(root, without=without)) and time.monotonic() < limit:
        for process in running:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process.pid, signal.SIGKILL)
        time.sleep(0.005)
    if itself and root is not None:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(root, signal.SIGKILL)


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
