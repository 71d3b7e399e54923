"""The end of an output that may never end."""

from __future__ import annotations

from collections import deque

# Characters that are kept.
MOST = 4 * 1024 * 1024


class Tail:
    """The last lines of an output, at most MOST characters, with a word about what is missing."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lines: deque[str] = deque()
        self._size = 0
        self._cut = 0

    def add(self, line: str) -> None:
        """Keep LINE, and drop the first ones when there are too many."""
        self._lines.append(line)
        self._size += len(line) + 1
        while self._size > self._most and len(self._lines) > 1:
            self._size -= len(self._lines.popleft()) + 1
            self._cut += 1

    @property
    def lines(self) -> list[str]:
        """What is kept."""
        cut = [f"[{self._cut} lines were not kept here]"] if self._cut else []
        return [*cut, *self._lines]

    @property
    def text(self) -> str:
        """What is kept, a line break behind each line."""
        return "".join(f"{line}\n" for line in self.lines)
