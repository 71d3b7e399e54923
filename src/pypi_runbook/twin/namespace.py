"""The third layer of safety: commands in a namespace of their own, whose only network is the twin."""

from __future__ import annotations

import asyncio
import functools
import itertools
import os
import socket
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from pypi_runbook.twin.hosts import HOSTS
from pypi_runbook.twin.server import Server

ENCLOSURE = Path(__file__).with_name("enclosure.py")
HAND_OVER_SECONDS = 10
# Each of these is a packet or a connection for which there was no way out, or a question to a name server that is not there.
STRAYS = ("Ip:OutNoRoutes", "Ip6OutNoRoutes", "Udp:NoPorts", "Udp6NoPorts")
COMMAND = [sys.executable, "-I", "-S", str(ENCLOSURE)]


@functools.cache
def namespaces_work() -> bool:
    """Tell whether this machine lets this user make network and mount namespaces; tried once."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        return subprocess.run([*COMMAND, "--probe"], capture_output=True, check=False, timeout=10).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


class Namespaces:
    """Takes the sockets that enclosed commands hand over, and serves each while its command lives."""

    def __init__(self, folder: Path, server: Server) -> None:
        self._channel = folder / "twin.sock"
        self._hosts = folder / "hosts"
        self._server = server
        self._listening: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._lock = threading.Lock()
        self._counting: dict[int, list[int]] = {}
        self._strays = 0

    def wrap(self, argv: list[str]) -> list[str]:
        """Return the command that runs ARGV enclosed."""
        if self._listening is None:
            # The machine's own name is no stray: some clients look it up to say who they are.
            self._hosts.write_text(f"127.0.0.1 localhost {' '.join(HOSTS)} {socket.gethostname()}\n::1 localhost\n")
            self._listening = self._server.call(self._listen())
        return [*COMMAND, str(self._channel), str(self._server.proxy_port), str(self._hosts), *argv]

    @property
    def strays(self) -> int:
        """How often something enclosed tried to reach what is not the twin: connections, packets and questions to name servers."""
        with self._lock:
            return self._strays + sum(map(_strays, self._counting.values()))

    def close(self) -> None:
        """Take no more sockets; those that are served end with the server."""
        if self._listening is not None:
            self._server.call(self._stop(self._listening))
            self._listening = None

    async def _listen(self) -> socket.socket:
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(str(self._channel))
        self._channel.chmod(0o600)
        listening.listen(64)
        listening.setblocking(False)
        asyncio.get_running_loop().add_reader(listening, self._accept, listening)
        return listening

    async def _stop(self, listening: socket.socket) -> None:
        asyncio.get_running_loop().remove_reader(listening)
        listening.close()

    def _accept(self, listening: socket.socket) -> None:
        with suppress(BlockingIOError):
            connection, _ = listening.accept()
            task = asyncio.get_running_loop().create_task(self._serve(connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: socket.socket) -> None:
        """Serve the sockets that CONNECTION hands over until the process at its other end is gone, and count who strays meanwhile."""
        loop = asyncio.get_running_loop()
        with connection:
            connection.settimeout(HAND_OVER_SECONDS)
            _, handles, _, _ = await loop.run_in_executor(None, socket.recv_fds, connection, 1, 4)
            site, proxy = (socket.socket(fileno=handle) for handle in handles[:2])
            for each in (site, proxy):
                each.setblocking(False)
            stop = await self._server.adopt(site, proxy)
            process = os.pidfd_open(_peer(connection))
            with self._lock:
                self._counting[process] = handles[2:]
            connection.send(b"!")
        try:
            await _ended(process)
        finally:
            self._stop_counting(process)
            os.close(process)
            await stop()

    def _stop_counting(self, process: int) -> None:
        with self._lock:
            counting = self._counting.pop(process)
            self._strays += _strays(counting)
            for handle in counting:
                os.close(handle)


def _strays(counting: list[int]) -> int:
    """Return what the kernel's open files of counters say: `Name value` on a line, or `Group: names` above `Group: values`."""
    lines = [line.split() for handle in counting for line in os.pread(handle, 1 << 16, 0).decode().splitlines()]
    counted = {words[0]: words[1] for words in lines if len(words) == 2}
    for names, values in itertools.pairwise(lines):
        if names[0] == values[0]:
            counted |= {names[0] + name: value for name, value in zip(names[1:], values[1:], strict=True)}
    return sum(int(counted.get(name, 0)) for name in STRAYS)


async def _ended(process: int) -> None:
    """Wait until the process behind the descriptor PROCESS has ended."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(process, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(process)


def _peer(connection: socket.socket) -> int:
    """Return the id of the process at the other end."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    process: int = struct.unpack("3i", credentials)[0]
    return process
