"""Commands of a job: each a process group whose lines are passed on as they come, and which ends in time."""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.rehearsal.steps.agent import LENGTH
from pypi_runbook.rehearsal.steps.lines import Lines
from pypi_runbook.twin.namespace import namespaces_work

ISOLATED = [sys.executable, "-I", "-S"]
AGENT, CONFINE = (str(Path(__file__).with_name(name)) for name in ("agent.py", "confine.py"))
PIECE = 1 << 16
# As long as the runner waits after SIGINT, then after SIGTERM, then for what has been killed. Seconds.
PATIENCE = ((signal.SIGINT, 7.5), (signal.SIGTERM, 2.5), (signal.SIGKILL, 5.0))
# For the last words of what a step leaves in the background. The runner waits five times as long. Seconds.
AFTER_END = 1.0


class TimeOver(Exception):  # noqa: N818 (it says what happened to the command, not what is wrong)
    """The command was ended because its time was over."""


@dataclass(frozen=True)
class Command:
    """What to run: the path of a program and its arguments, its complete environment, an existing folder.

    deadline: in seconds of time.monotonic, None for none.
    """

    argv: list[str]
    env: Mapping[str, str]
    cwd: Path
    deadline: float | None = None


@dataclass(frozen=True)
class Place:
    """Where the commands of a job run: inside of what `wrap` makes; what they may write, and what they may not even below that."""

    wrap: Callable[[list[str]], list[str]]
    writable: list[Path]
    protected: list[Path]
    environment: Mapping[str, str]


class Processes:
    """The commands of one job, started by an agent inside the twin, which takes everything with it when it ends."""

    def __init__(self, place: Place) -> None:
        self._connection, other = socket.socketpair()
        argv = [*ISOLATED, AGENT, str(other.fileno())]
        if namespaces_work():
            argv = [*ISOLATED, CONFINE, *map(str, place.writable), "--", *map(str, place.protected), "--", *argv]
        self._agent = subprocess.Popen(
            place.wrap(argv),
            env=dict(place.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=[other.fileno()],
            # Ctrl-C in a terminal must not end what has to clean up.
            start_new_session=True,
        )
        other.close()

    def run(self, command: Command, take: Callable[[str], None]) -> int:
        """Run COMMAND, give TAKE each line as it comes, and return its status, 128 and more when a signal ended it.

        TimeOver when it had to be ended. Whatever else stops this from outside ends the whole process group too.
        """
        output, theirs = os.pipe()
        try:
            group = self._start(command, theirs)
        finally:
            os.close(theirs)
        lines, watch = Lines(), _Watch(self._connection, output)
        try:
            for piece in watch.pieces(command.deadline):
                for line in lines.feed(piece):
                    take(line)
        except BaseException:
            self._end_group(group, watch)
            raise
        finally:
            for line in lines.end():
                take(line)
            watch.close()
        status = self._receive()["status"]
        return int(status) if status >= 0 else 128 - int(status)

    def _start(self, command: Command, output: int) -> int:
        message = {"argv": command.argv, "env": dict(command.env), "cwd": str(command.cwd)}
        raw = json.dumps(message).encode()
        try:
            socket.send_fds(self._connection, [LENGTH.pack(len(raw))], [output])
            self._connection.sendall(raw)
        except OSError:
            raise self._gone() from None
        # The status of a command that could not be ended may come late.
        while "pid" not in (answer := self._receive()):
            continue
        return int(answer["pid"])

    def _receive(self) -> dict[str, Any]:
        head = self._connection.recv(LENGTH.size, socket.MSG_WAITALL)
        if len(head) < LENGTH.size:
            raise self._gone()
        message: dict[str, Any] = json.loads(self._connection.recv(LENGTH.unpack(head)[0], socket.MSG_WAITALL))
        return message

    def _gone(self) -> RunbookError:
        assert self._agent.stderr
        words = self._agent.stderr.read().decode(errors="replace").strip().split("\n")[-1]
        return RunbookError("no-agent", f"what starts the job's commands has ended: {words or 'it was killed'}", next="rehearse once more")

    def _end_group(self, group: int, watch: _Watch) -> None:
        """End the group as the runner ends a step: asked twice, then killed; its status is taken off the connection."""
        for number, patience in PATIENCE:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, number)
            try:
                ended = watch.ended(patience)
            except KeyboardInterrupt:
                # Somebody does not want to wait.
                continue
            if ended:
                self._receive()
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(group, signal.SIGKILL)
                return

    def end(self) -> list[tuple[int, str]]:
        """End the agent and everything that commands left running; return that, ids and names."""
        left: list[tuple[int, str]] = []
        with suppress(OSError, RunbookError):
            self._connection.sendall(LENGTH.pack(2) + b"{}")
            left = [(process, name) for process, name in self._receive()["ended"]]
        self._connection.close()
        self._agent.wait()
        assert self._agent.stderr
        self._agent.stderr.close()
        return left


class _Watch:
    """Waits for a command's output and for its end at once."""

    def __init__(self, connection: socket.socket, output: int) -> None:
        self._output, self._connection = output, connection.fileno()
        self._selector = selectors.DefaultSelector()
        self._over = False
        os.set_blocking(output, False)
        for each in (self._output, self._connection):
            self._selector.register(each, selectors.EVENT_READ)

    def pieces(self, deadline: float | None) -> Iterator[bytes]:
        """Yield what the command prints until it has ended and its output too; TimeOver at DEADLINE."""
        silent = False
        while not (self._over and silent):
            ready = self._ready(deadline)
            if self._output in ready:
                piece = os.read(self._output, PIECE)
                if not piece:
                    silent = True
                    self._selector.unregister(self._output)
                yield piece
            elif ready:
                # Its output first: only when none is left, its end counts.
                self._selector.unregister(self._connection)
                self._over, deadline = True, time.monotonic() + AFTER_END
            # Not only when nothing is ready: some print without end.
            if deadline is not None and time.monotonic() >= deadline:
                if self._over:
                    return
                raise TimeOver

    def _ready(self, deadline: float | None) -> set[int]:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        return {key.fd for key, _ in self._selector.select(left)}

    def ended(self, patience: float) -> bool:
        """Wait for the command's end, at most PATIENCE seconds, and let its output go meanwhile."""
        limit = time.monotonic() + patience
        if self._over:
            return True
        while ready := self._ready(limit):
            if self._connection in ready:
                return True
            if not os.read(self._output, PIECE):
                self._selector.unregister(self._output)
        return False

    def close(self) -> None:
        """Close the output, or read on while something in the background still writes, which would otherwise stop it."""
        self._selector.close()
        with suppress(BlockingIOError):
            if not os.read(self._output, PIECE):
                os.close(self._output)
                return
        os.set_blocking(self._output, True)
        threading.Thread(target=_drain, args=(self._output,), daemon=True).start()


def _drain(output: int) -> None:
    with suppress(OSError):
        while os.read(output, PIECE):
            pass
    os.close(output)
