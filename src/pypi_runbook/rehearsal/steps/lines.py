"""Lines out of a stream of bytes, as GitHub's runner reads them."""

from __future__ import annotations

import re

# A step may print without end and without a line break. Bytes.
LONGEST = 64 * 1024
_BREAK = re.compile(rb"\r\n|\n|\r")


class Lines:
    """Cuts what comes in pieces into lines; a carriage return ends one too, as in a progress bar."""

    def __init__(self) -> None:
        self._rest = b""
        self._after_return = False

    def feed(self, piece: bytes) -> list[str]:
        """Return the lines that PIECE completes; what is longer than LONGEST comes in several."""
        if self._after_return and piece:
            piece, self._after_return = piece.removeprefix(b"\n"), False
        *lines, self._rest = _BREAK.split(self._rest + piece)
        # A return at the very end has given its line already; the line feed that may follow belongs to it.
        self._after_return = piece.endswith(b"\r")
        while len(self._rest) > LONGEST:
            lines.append(self._rest[:LONGEST])
            self._rest = self._rest[LONGEST:]
        return [_text(line) for line in lines]

    def end(self) -> list[str]:
        """Return the last line when no line break ended it."""
        rest, self._rest = self._rest, b""
        return [_text(rest)] if rest else []


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")
