"""Read a page's final HTML: which recorded fences it publishes, in which tabs, and which code was never recorded."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from pypi_runbook.pages.snippet import TabSet

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass
class OpenTabs:
    """A tab set that the parser is inside of: its labels so far, and which of its blocks is open."""

    inside: tuple[str, ...]
    depth: int
    labels: list[str] = field(default_factory=list)
    block: int = -1

    @property
    def label(self) -> str:
        """Return the label of the open block, or nothing between two blocks."""
        return self.labels[self.block] if 0 <= self.block < len(self.labels) else ""


class Published(HTMLParser):
    """Collect, in published order, the numbers of recorded fences with their tab labels, the tab sets, raw code and inline code.

    What stands in an HTML comment is never seen, so it is not published.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.fences: list[tuple[int, tuple[str, ...]]] = []
        self.tab_sets: list[TabSet] = []
        self.raw: list[str] = []
        self.inline: list[str] = []
        self._open: list[OpenTabs] = []
        self._stack: list[str] = []
        self._marked = 0
        self._text: list[str] = []
        self._text_of = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element opens: a tab set, one of its blocks, a recorded fence, code."""
        fields = {name: value or "" for name, value in attrs}
        classes = fields.get("class", "").split()
        if tag not in VOID:
            self._stack.append(tag)
        if "tabbed-set" in classes:
            self._open.append(OpenTabs(self._labels(), len(self._stack)))
        elif "tabbed-block" in classes and self._open:
            self._open_block()
        if number := fields.get("data-snippet"):
            self.fences.append((int(number), self._labels()))
            self._marked = self._marked or len(self._stack)
        elif tag == "pre" and not self._marked:
            self.raw.append(self.get_starttag_text() or "<pre>")
        if tag in ("label", "code") and not (self._marked or self._text_of or "pre" in self._stack):
            self._text, self._text_of = [], tag

    def _open_block(self) -> None:
        """Enter the next block of the innermost tab set; all its labels are known by now."""
        tabs = self._open[-1]
        if tabs.block < 0:
            self.tab_sets.append(TabSet(tuple(tabs.labels), tabs.inside))
        tabs.block += 1

    def handle_data(self, data: str) -> None:
        """Gather the text of a tab's label or of inline code."""
        if self._text_of:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Close what the element opened."""
        if tag in VOID or tag not in self._stack:
            return
        if tag == self._text_of:
            self._take_text(tag, re.sub(r"\s+", " ", "".join(self._text)).strip())
        while self._stack.pop() != tag:
            pass
        depth = len(self._stack)
        self._marked = self._marked if depth >= self._marked else 0
        while self._open and depth < self._open[-1].depth:
            self._open.pop()

    def _take_text(self, tag: str, text: str) -> None:
        """Give a finished text to where it belongs."""
        self._text_of = ""
        if tag == "code":
            self.inline.append(text)
        elif self._open and self._open[-1].block < 0:
            self._open[-1].labels.append(text)

    def _labels(self) -> tuple[str, ...]:
        return tuple(tabs.label for tabs in self._open if tabs.label)
