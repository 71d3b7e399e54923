"""Commands of a job: each a process group whose lines are passed on as they come, and which ends in time."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pypi_runbook.rehearsal.steps.lines import Lines

PIECE = 1 << 16
# As long as the runner waits after SIGINT, then after SIGTERM. Seconds.
AFTER_INTERRUPT, AFTER_TERMINATE = 7.5, 2.5
# For the last words of what a step leaves in the background. The runner waits five times as long, then ends it. Seconds.
AFTER_END = 1.0


class TimeOver(Exception):  # noqa: N818 (it says what happened to the command, not what is wrong)
    """The command was ended because its time was over."""


@dataclass(frozen=True)
class Command:
    """What to run: its complete environment, an existing folder, and a deadline in seconds of time.monotonic, None for none."""

    argv: list[str]
    env: Mapping[str, str]
    cwd: Path
    deadline: float | None = None


def run(command: Command, take: Callable[[str], None], began: Callable[[int], None] | None = None) -> int:
    """Run COMMAND, give TAKE each line as it comes, and return its status, 128 and more when a signal ended it.

    began: told the id of the process, which is that of its group and session too.
    OSError when it cannot be started; TimeOver when it had to be ended. Whatever stops this from outside ends the whole group.
    """
    running = _start(command)
    if began:
        began(running.pid)
    lines = Lines()
    try:
        with _Watch(running) as watch:
            for piece in watch.pieces(command.deadline):
                for line in lines.feed(piece):
                    take(line)
    finally:
        for line in lines.end():
            take(line)
    return running.returncode if running.returncode >= 0 else 128 - running.returncode


def _start(command: Command) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command.argv,
        cwd=command.cwd,
        env=dict(command.env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


class _Watch:
    """Waits for a process's output and for its end at once; left early, it ends the process."""

    def __init__(self, running: subprocess.Popen[bytes]) -> None:
        assert running.stdout
        self._running, self._output = running, running.stdout.fileno()
        self._ended, self._ending = os.pipe()
        self._waiter = threading.Thread(target=self._wait, daemon=True)
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> Self:
        os.set_blocking(self._output, False)
        self._selector.register(self._output, selectors.EVENT_READ)
        self._selector.register(self._ended, selectors.EVENT_READ)
        self._waiter.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind:
            self._end()
        self._waiter.join()
        self._selector.close()
        os.close(self._ended)
        self._leave_output()

    def _wait(self) -> None:
        self._running.wait()
        # What waits for this pipe sees its end.
        os.close(self._ending)

    def pieces(self, deadline: float | None) -> Iterator[bytes]:
        """Yield what the process prints until it has ended and its output too; TimeOver at DEADLINE."""
        ended = False
        while True:
            ready = self._ready(deadline)
            if not ready and ended:
                return
            if not ready:
                raise TimeOver
            if self._output in ready:
                if not (piece := os.read(self._output, PIECE)):
                    self._selector.unregister(self._output)
                yield piece
            elif not ended:
                # Its output first: only when there is none left, its end counts.
                self._selector.unregister(self._ended)
                ended, deadline = True, time.monotonic() + AFTER_END
            if not self._selector.get_map() or (ended and self._output not in self._selector.get_map()):
                return

    def _ready(self, deadline: float | None) -> set[int]:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        return {key.fd for key, _ in self._selector.select(left)}

    def _end(self) -> None:
        """End the group as the runner ends a step: asked twice, then killed."""
        for number, patience in ((signal.SIGINT, AFTER_INTERRUPT), (signal.SIGTERM, AFTER_TERMINATE)):
            send(self._running.pid, number)
            self._waiter.join(patience)
            if not self._waiter.is_alive():
                break
        send(self._running.pid, signal.SIGKILL)

    def _leave_output(self) -> None:
        """Close the output, or read on while something in the background still writes, which would otherwise stop it."""
        output = self._running.stdout
        assert output
        with suppress(BlockingIOError):
            if not os.read(self._output, PIECE):
                output.close()
                return
        os.set_blocking(self._output, True)
        threading.Thread(target=_drain, args=(output.fileno(), output.close), daemon=True).start()


def _drain(output: int, close: Callable[[], None]) -> None:
    with suppress(OSError):
        while os.read(output, PIECE):
            pass
    close()


def send(group: int, number: int) -> None:
    """Send a signal to a process group, if there is still one."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
