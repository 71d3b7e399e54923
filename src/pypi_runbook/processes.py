"""The processes of this machine as a tree: who is below whom, also after a double fork, and how to end them."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


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


def running() -> Iterator[Process]:
    """Yield every process that still runs; a dead one that waits for its parent does not count."""
    return map(_whole, _named())


def _named() -> Iterator[Process]:
    """Yield the same, with only the program's name as the command where that is quicker."""
    if not Path("/proc/self/stat").exists():
        yield from _listed()
        return
    for name in filter(str.isdecimal, os.listdir("/proc")):  # noqa: PTH208 (asked after each snippet: pathlib would double the time)
        with suppress(OSError):
            stat = _read(name, "stat")
            state, parent = stat[stat.rindex(")") + 2 :].split(maxsplit=2)[:2]
            if state not in "ZX":
                yield Process(int(name), int(parent), stat[stat.index("(") + 1 : stat.rindex(")")])


def _whole(process: Process) -> Process:
    """Return PROCESS with all words of its command, where the system tells them."""
    with suppress(OSError):
        return replace(process, command=_read(process.pid, "cmdline").replace("\0", " ").strip() or process.command)
    return process


def _read(pid: int | str, file: str) -> str:
    with open(f"/proc/{pid}/{file}", errors="replace") as stream:  # noqa: PTH123 (as above)
        return stream.read()


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
    for process in _named():
        children.setdefault(process.parent, []).append(process)
    found, queue, left_out = [], [root or os.getpid()], set(without)
    while queue:
        below = [process for process in children.get(queue.pop(), []) if process.pid not in left_out]
        found.extend(below)
        queue.extend(process.pid for process in below)
    return list(map(_whole, found))


def end(root: int | None = None, *, without: Iterable[int] = (), itself: bool = False, patience: float = 5.0) -> None:
    """End what `descendants` returns, and ROOT ITSELF when asked to; also those that are born meanwhile."""
    limit = time.monotonic() + patience
    if itself and root is not None:
        with suppress(ProcessLookupError, PermissionError):
            # Stopped first: what cannot run has no more children.
            os.kill(root, signal.SIGSTOP)
    while (left := descendants(root, without=without)) and time.monotonic() < limit:
        for process in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process.pid, signal.SIGKILL)
        time.sleep(0.005)
    if itself and root is not None:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(root, signal.SIGKILL)
