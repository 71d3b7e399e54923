"""multipart/form-data while it arrives: read as leniently as PyPI's own form reader does, in memory that does not grow with a part."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.parser import HeaderParser

from aiohttp import StreamReader

from pypi_runbook.twin.intake import patience

BOUNDARY = re.compile(r"[ -~]{0,200}[!-~]")
# What may follow a boundary on its line; two dashes end the form.
REST = re.compile(rb"(--)?[ \t]{0,64}\r?\n")
REST_LONGEST = 68
BLANK = re.compile(rb"\n\r?\n")
PARAMETER = re.compile(r';([^=;]*)=[ \t]*("(?:[^"\\]|\\.)*"|[^;]*)')
HEAD_LIMIT = 8 * 1024


@dataclass(frozen=True)
class Head:
    """What stands above a part: its name, its file name when it is a file, and its content type."""

    name: str
    filename: str
    content_type: str


class FormReader:
    """The parts of the form in CONTENT, one after the other; BOUNDARY stands between them.

    Raises ValueError for a form that nobody can read, TimeoutError when the client stops in the middle.
    """

    def __init__(self, content: StreamReader, boundary: str) -> None:
        if not BOUNDARY.fullmatch(boundary):
            raise ValueError("no boundary")
        self._content = content
        self._line = f"\n--{boundary}".encode()
        # The buffer begins with the newline above what is read next: a boundary may stand right there.
        self._buffer = b"\n"
        self._ended = self._last = False

    async def parts(self) -> AsyncIterator[Head]:
        """Yield each part's head; its `pieces` are to be read before the next one."""
        async for _ in self.pieces():
            pass
        while not self._last and (head := await self._head()):
            yield head

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the bytes of the current part, up to the next boundary or to the end of all that came."""
        skip = 1
        while not (found := self._boundary()):
            if self._ended:
                yield self._buffer[skip:-2]
                self._last = True
                return
            # A boundary that is not whole yet stays.
            sure = len(self._buffer) - len(self._line) - REST_LONGEST
            if sure > skip:
                yield self._buffer[skip:sure]
                self._buffer, skip = self._buffer[sure:], 0
            await self._more()
        start, rest = found
        yield self._buffer[skip : start - (self._buffer[start - 1 : start] == b"\r")]
        self._buffer, self._last = self._buffer[rest.end() - 1 :], bool(rest[1])

    def _boundary(self) -> tuple[int, re.Match[bytes]] | None:
        start = self._buffer.find(self._line)
        while start >= 0:
            if rest := REST.match(self._buffer, start + len(self._line)):
                return start, rest
            start = self._buffer.find(self._line, start + 1)
        return None

    async def _head(self) -> Head | None:
        while not (blank := BLANK.search(self._buffer)):
            if len(self._buffer) > HEAD_LIMIT:
                raise ValueError("part's head too long")
            if self._ended:
                return None
            await self._more()
        text, self._buffer = self._buffer[1 : blank.start() + 1], self._buffer[blank.end() - 1 :]
        if len(text) > HEAD_LIMIT:
            raise ValueError("part's head too long")
        return read_head(text)

    async def _more(self) -> None:
        async with patience():
            data = await self._content.readany()
        self._ended = not data
        self._buffer += data or b"\r\n"


def read_head(text: bytes) -> Head:
    """Return what the header lines TEXT say; what they do not say is empty, and a part is plain text unless it says otherwise."""
    headers = HeaderParser().parsestr(text.decode("utf-8", "replace"))
    _, said = parameters(str(headers.get("Content-Disposition", "")))
    kind, _ = parameters(str(headers.get("Content-Type", "text/plain")))
    return Head(said.get("name", ""), said.get("filename", ""), kind)


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """Return the first word of a header's VALUE, and its parameters by lower-case name."""
    found = {}
    for name, text in PARAMETER.findall(value):
        text = text.strip()
        if len(text) > 1 and text[0] == text[-1] == '"':
            text = text[1:-1].replace("\\\\", "\\").replace('\\"', '"')
        found[name.strip().lower()] = text
    return value.partition(";")[0].strip(), found
