"""Kill a twin at the K-th line that it runs for an upload: `stepper.py WITHIN WHEEL`, then `STATE K` on each line of standard input.

Each line gets an answer: how many lines the upload took, when there was no K-th one, or `killed`. A fork per line, so that nothing is
imported twice; this process itself has one thread only, which is what makes forking it safe.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from wire import Door, right_form

import pypi_runbook.twin
from pypi_runbook.twin import Twin

FOLDER = Path(pypi_runbook.twin.__file__).parent
# What touches the disk; inside a method, only their lines count.
DISK = (str(FOLDER / "store.py"), str(FOLDER / "database.py"))


class Steps:
    """Counts the lines of the twin's own modules, or those of the store inside a method of it; at the last one the process is gone."""

    def __init__(self, within: str, last: int) -> None:
        self._within = within
        self._files = DISK if within else (str(FOLDER),)
        self._last = last
        self._inside = not within
        self.armed = False
        self.count = 0

    def enter(self, frame: FrameType, _: str, __: Any) -> Any:
        """Decide whether the lines of a function count."""
        if not self.armed or not frame.f_code.co_filename.startswith(self._files):
            return None
        self._inside = self._inside or frame.f_code.co_qualname == self._within
        return self.line if self._inside else None

    def line(self, frame: FrameType, event: str, _: Any) -> Any:
        """Count one line."""
        if event == "line":
            self.count += 1
            if self.count == self._last:
                os.kill(os.getpid(), signal.SIGKILL)
        elif event == "return" and frame.f_code.co_qualname == self._within:
            self._inside = False
        return self.line


def upload(state: Path, wheel: Path, steps: Steps) -> int:
    """Upload WHEEL to a twin with that STATE; return how many lines it took."""
    threading.settrace(steps.enter)
    with Twin.start(state) as twin:
        door = Door.of(twin)
        body = right_form(wheel)
        secure = door.connect()
        steps.armed = True
        secure.sendall(door.upload_head(len(body)) + body)
        assert secure.recv(65536).startswith(b"HTTP/1.1 200"), "the upload was refused"
        steps.armed = False
    return steps.count


def main(within: str, wheel: str) -> None:
    """Answer every line of standard input."""
    for line in sys.stdin:
        state, last = line.split()
        reading, writing = os.pipe()
        if (child := os.fork()) == 0:
            os.write(writing, str(upload(Path(state), Path(wheel), Steps(within, int(last)))).encode())
            os._exit(0)
        os.close(writing)
        _, status = os.waitpid(child, 0)
        said = os.read(reading, 100).decode() if os.waitstatus_to_exitcode(status) == 0 else ""
        os.close(reading)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        sys.stdout.write((said or ("killed" if killed else f"failed {status}")) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
