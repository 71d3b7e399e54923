"""Carry a page's source lines through Jinja, so that each published fence is known by the line that made it.

Each newline of the page's own text gets one private-use character whose number is its source line. A Markdown
preprocessor takes them away again. A line without one came out of a macro, and belongs to the next mark below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextvars import ContextVar

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from markdown import Markdown
from markdown.preprocessors import Preprocessor

LINES = 0xF0000
LINE_MARK = re.compile("[\U000f0000-\U000ffffd]")
# The page that is being rendered, and how many lines of its file stand above the text that Jinja is given.
CURRENT: ContextVar[tuple[str, int]] = ContextVar("CURRENT", default=("", 0))
# superfences looks for fences at 25, and white space is normalized at 30; between the two, lines are as the page has them.
PRIORITY = 26


class LineMarks(Extension):
    """A Jinja extension (`j2_extensions` of mkdocs-macros) that marks each newline of a page with its source line."""

    def filter_stream(self, stream: TokenStream) -> Iterable[Token]:
        """Mark a page's own text; included and imported templates have a name, and are their caller's one line."""
        if stream.name is not None:
            yield from stream
            return
        _, above = CURRENT.get()
        for token in stream:
            marked = mark(token.value, token.lineno + above) if token.type == "data" else token.value
            yield Token(token.lineno, token.type, marked)


def mark(text: str, line: int) -> str:
    """Return TEXT, whose first line is LINE of its file, with a mark before each of its newlines."""
    *lines, last = text.split("\n")
    return "".join(f"{content}{chr(LINES + line + index)}\n" for index, content in enumerate(lines)) + last


def mark_last(markdown: str, line: int) -> str:
    """Return MARKDOWN, which Jinja made, with LINE, the file's last, as the mark of its last line, which has no newline."""
    return markdown.rstrip("\n") + chr(LINES + line) + "\n"


def front_matter_lines(source: str, markdown: str) -> int:
    """Return how many lines of SOURCE, a page's file, stand above MARKDOWN, its text."""
    return source[: len(source) - len(markdown)].count("\n") if source.endswith(markdown) else 0


class TakeMarks(Preprocessor):
    """Take the marks out of a page; `source_lines` is what they said, `page_path` is the page's file."""

    def __init__(self, md: Markdown) -> None:
        super().__init__(md)
        self.reset()

    def reset(self) -> None:
        """Forget the page before."""
        self.page_path = ""
        self.source_lines: list[int] = []

    def run(self, lines: list[str]) -> list[str]:
        """Return LINES as they were without marks."""
        self.page_path, _ = CURRENT.get()
        self.source_lines = list(reversed(list(_lines_from_below(reversed(lines)))))
        return [_clean(line) for line in lines]


def _clean(line: str) -> str:
    """Return LINE without marks; a line of blanks and a mark is an empty one, as it would be without the mark."""
    if not LINE_MARK.search(line):
        return line
    cleaned = LINE_MARK.sub("", line)
    return cleaned if cleaned.strip() else ""


def _lines_from_below(lines: Iterable[str]) -> Iterator[int]:
    """Yield the source line of each of LINES, which come from the last to the first."""
    below = 0
    for line in lines:
        marks = LINE_MARK.findall(line)
        below = ord(marks[-1]) - LINES if marks else below
        yield below
