"""What a job leaves running: its processes, found as GitHub's runner finds them, and also those that hide from that."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from pypi_runbook.rehearsal.steps.processes import send

VARIABLE = "RUNNER_TRACKING_ID"
PROC = Path("/proc")
# Processes that start others while they are ended are met again. Rounds.
ROUNDS = 20


class Track:
    """The processes of one job: the sessions that it began, and a variable that their descendants inherit."""

    def __init__(self) -> None:
        self.id = f"github_{uuid.uuid4()}"
        self._mark = f"{VARIABLE}={self.id}".encode()
        self._sessions: set[int] = set()

    def began(self, session: int) -> None:
        """Remember a command by the id of its session."""
        self._sessions.add(session)

    def end(self, folders: list[Path], tell: Callable[[str], None]) -> None:
        """End what still runs, also what only works below FOLDERS, and TELL it in the runner's words."""
        if not (PROC / "self" / "stat").exists():
            # No /proc as on macOS: what stayed in its process group is what can be found.
            for group in self._sessions:
                send(group, signal.SIGKILL)
            return
        for _ in range(ROUNDS):
            left = list(self._left(folders))
            for process, name in left:
                tell(f"Terminate orphan process: pid ({process}) ({name})")
                with suppress(OSError):
                    os.kill(process, signal.SIGKILL)
            if not left:
                return

    def _left(self, folders: list[Path]) -> Iterator[tuple[int, str]]:
        own = os.getpid()
        for place in PROC.iterdir():
            if not place.name.isdecimal() or int(place.name) == own:
                continue
            # Other people's processes cannot be read, and others end meanwhile.
            with suppress(OSError, ValueError):
                name, state, session = _stat(place)
                if state not in "ZX" and (session in self._sessions or self._inherits(place) or _works_in(place, folders)):
                    yield int(place.name), name

    def _inherits(self, place: Path) -> bool:
        return self._mark in (place / "environ").read_bytes().split(b"\0")


def _stat(place: Path) -> tuple[str, str, int]:
    """Return the name, the state and the session of a process."""
    text = (place / "stat").read_text(errors="replace")
    end = text.rindex(")")
    fields = text[end + 2 :].split()
    return text[text.index("(") + 1 : end], fields[0], int(fields[3])


def _works_in(place: Path, folders: list[Path]) -> bool:
    current = (place / "cwd").readlink()
    return any(current.is_relative_to(folder) for folder in folders)
