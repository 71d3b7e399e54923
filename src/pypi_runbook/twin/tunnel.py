"""The tunnel: a CONNECT proxy on loopback that ends at the twin for its hosts, and refuses every other host by name.

Somebody who asks it for a page of its own gets the local face.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pypi_runbook.twin.hosts import HOSTS

HEAD_LIMIT = 16 * 1024
HEAD_SECONDS = 30
Refusal = Callable[[str, str, int, str], None]


class Tunnel:
    """Splice CONNECT requests for the twin's hosts to the TLS port TARGET, its own pages to LOCAL; tell REFUSED about all others."""

    def __init__(self, target: tuple[str, int], local: tuple[str, int], refused: Refusal) -> None:
        self._target = target
        self._local = local
        self._refused = refused
        self.connections = 0
        # Nothing else holds on to a connection whose client has closed its side.
        self._served: set[asyncio.Task[None] | None] = set()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client connection to its end."""
        self._served.add(task := asyncio.current_task())
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            await self._answer(head.decode("latin-1"), reader, writer)
        # Cancelled when the twin ends; Python 3.11 would print a traceback for a task that stays cancelled.
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        except asyncio.LimitOverrunError:
            await _say(writer, 431, "Request Header Fields Too Large")
        finally:
            self._served.discard(task)
            writer.close()

    async def _answer(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        words = head.split("\r\n", 1)[0].split(" ")
        if len(words) != 3:
            await _say(writer, 400, "Bad Request")
            return
        method, target, _ = words
        host, port = _place(method, target)
        if method == "CONNECT" and host in HOSTS and port == 443:
            self.connections += 1
            await _splice(reader, writer, self._target, answer=b"HTTP/1.1 200 Connection established\r\n\r\n")
        elif target.startswith("/") or (method != "CONNECT" and host == "127.0.0.1" and port == self._own_port(writer)):
            await _splice(reader, writer, self._local, begin=head.encode("latin-1"))
        elif method != "CONNECT" and host in HOSTS and target.startswith("http://"):
            await _say(writer, 301, "Moved Permanently", f"Location: https://{target.removeprefix('http://')}\r\n")
        else:
            reason = f"The twin refuses {host or target}{'' if port in (80, 443) else f':{port}'}: only {', '.join(HOSTS)} exist here"
            self._refused(host or target, method, 403, reason)
            await _say(writer, 403, reason)

    @staticmethod
    def _own_port(writer: asyncio.StreamWriter) -> int:
        port: int = writer.get_extra_info("sockname")[1]
        return port


async def _splice(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: tuple[str, int], *, answer: bytes = b"", begin: bytes = b""
) -> None:
    """Connect the client with TARGET: ANSWER goes to the client first, BEGIN to the target."""
    twin_reader, twin_writer = await asyncio.open_connection(*target)
    writer.write(answer)
    twin_writer.write(begin)
    try:
        await asyncio.gather(_pump(reader, twin_writer), _pump(twin_reader, writer))
    finally:
        twin_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until one side ends, then let the other side know."""
    try:
        while data := await reader.read(256 * 1024):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.close()


def _place(method: str, target: str) -> tuple[str, int]:
    """Return host and port of a CONNECT target or an absolute address; an empty host when there is none."""
    secure = method == "CONNECT"
    netloc = target if secure else target.partition("://")[2].split("/", 1)[0]
    host, _, port = netloc.rpartition(":") if ":" in netloc else (netloc, "", "")
    number = int(port) if port.isdigit() else 443 if secure else 80
    return host.strip("[]").lower(), number


async def _say(writer: asyncio.StreamWriter, status: int, reason: str, headers: str = "") -> None:
    body = f"{reason}\n"
    text = f"HTTP/1.1 {status} {reason}\r\n{headers}Content-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
    writer.write(text.encode("latin-1", "replace"))
    await writer.drain()
