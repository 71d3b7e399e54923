"""Start the commands of one job, from inside the twin's namespace: SOCKET, the number of an open one.

One process for all commands: they share a network, as on a runner, each starts in a millisecond, and whatever loses its parent
becomes this process's child, so that nothing of the job is left at its end. Started as a file with an isolated interpreter,
so it imports only the standard library. Messages are JSON behind their length; a command's output comes with its message.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from typing import Any

PR_SET_CHILD_SUBREAPER = 36
LENGTH = struct.Struct("!I")
CANNOT_RUN, NOT_FOUND = 126, 127
# Processes that start others while they are ended are met again. Seconds.
PATIENCE = 10.0


class Agent:
    """Serves one connection: starts what it asks for, tells how it ended, and ends everything with it."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.command = 0
        self.groups: list[int] = []

    def serve(self) -> None:
        """Serve until the other side wants an end, or is gone."""
        woken, wake = os.pipe()
        for end in (woken, wake):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake)
        while True:
            ready, _, _ = select.select([self.connection.fileno(), woken], [], [])
            if woken in ready:
                os.read(woken, 4096)
                self.reap()
            if self.connection.fileno() in ready:
                message, handles = self.receive()
                if "argv" not in message:
                    self.answer({"ended": self.end()})
                    return
                self.start(message, handles[0])

    def receive(self) -> tuple[dict[str, Any], list[int]]:
        """Return the next message with the open files that came with it; an empty one when the other side is gone."""
        head, handles, _, _ = socket.recv_fds(self.connection, LENGTH.size, 1)
        if len(head) < LENGTH.size:
            return {}, handles
        left, pieces = LENGTH.unpack(head)[0], []
        while left:
            pieces.append(self.connection.recv(min(left, 1 << 20)))
            if not pieces[-1]:
                return {}, handles
            left -= len(pieces[-1])
        message: dict[str, Any] = json.loads(b"".join(pieces))
        return message, handles

    def answer(self, message: dict[str, Any]) -> None:
        """Send MESSAGE; nobody may be there to read it."""
        raw = json.dumps(message).encode()
        try:
            self.connection.sendall(LENGTH.pack(len(raw)) + raw)
        except OSError:
            self.command = 0

    def start(self, message: dict[str, Any], output: int) -> None:
        """Start a command, the leader of a session of its own, whose output goes to OUTPUT."""
        self.command = os.fork()
        if not self.command:
            become(message, output)
        os.close(output)
        self.groups.append(self.command)
        self.answer({"pid": self.command})

    def reap(self) -> None:
        """Take notice of every child that has ended, and tell about the command."""
        while True:
            try:
                process, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not process:
                return
            if process == self.command:
                self.answer({"status": os.waitstatus_to_exitcode(status)})

    def end(self) -> list[tuple[int, str]]:
        """End everything that the commands left running and return it, with names."""
        ended: dict[int, str] = {}
        limit = time.monotonic() + PATIENCE
        while (left := descendants()) and time.monotonic() < limit:
            for process, name in left:
                ended[process] = name
                kill(process)
            self.reap()
            time.sleep(0.002)
        if not os.path.exists("/proc/self/stat"):  # noqa: PTH110 (as on macOS: what stayed in its group is what can be found)
            for group in self.groups:
                try:
                    os.killpg(group, signal.SIGKILL)
                except OSError:
                    continue
        return list(ended.items())


def become(message: dict[str, Any], output: int) -> None:
    """Become the command of MESSAGE; end with env(1)'s status when that fails."""
    status = CANNOT_RUN
    try:
        signal.set_wakeup_fd(-1)
        # What is ignored here, by Python itself or by whoever started it, the command would inherit.
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.closerange(3, 256)
        os.chdir(message["cwd"])
        os.execve(message["argv"][0], message["argv"], message["env"])  # noqa: S606 (this process becomes the command)
    except (OSError, ValueError) as error:
        # A ValueError is for a word that no system takes, such as one with a NUL in it.
        status = NOT_FOUND if isinstance(error, FileNotFoundError) else CANNOT_RUN
        words = getattr(error, "strerror", None) or error
        os.write(2, f"{message['argv'][0]}: {words}\n".encode(errors="replace"))
    finally:
        os._exit(status)


def descendants() -> list[tuple[int, str]]:
    """Return the processes below this one that still run, with their names."""
    children: dict[int, list[tuple[int, str, str]]] = {}
    for entry in os.listdir("/proc") if os.path.exists("/proc/self/stat") else ():  # noqa: PTH110, PTH208 (pathlib would double the time to start)
        if entry.isdecimal():
            try:
                with open(f"/proc/{entry}/stat", errors="replace") as file:  # noqa: PTH123
                    text = file.read()
            except OSError:
                continue
            end = text.rindex(")")
            state, parent = text[end + 2 :].split()[:2]
            children.setdefault(int(parent), []).append((int(entry), text[text.index("(") + 1 : end], state))
    found, queue = [], [os.getpid()]
    while queue:
        for process, name, state in children.get(queue.pop(), ()):
            queue.append(process)
            if state not in "ZX":
                found.append((process, name))
    return found


def kill(process: int) -> None:
    """Kill a process, if it is still there."""
    try:
        os.kill(process, signal.SIGKILL)
    except OSError:
        return


def main(number: int) -> None:
    """Serve the socket NUMBER."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    connection = socket.socket(fileno=number)
    connection.set_inheritable(False)
    Agent(connection).serve()


if __name__ == "__main__":
    main(int(sys.argv[1]))
