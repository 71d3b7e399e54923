"""A Markdown extension that records every fence which superfences formats, and marks it in the HTML with `data-snippet`.

It stands after pymdownx.superfences in `markdown_extensions`. A page with a fence outside the closed lists ends the build.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from html import escape
from itertools import combinations
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.blockparser import BlockParser
from markdown.blockprocessors import BlockProcessor
from markdown.extensions import Extension
from markdown.util import HTML_PLACEHOLDER_RE
from mkdocs.exceptions import BuildError

from pypi_runbook.errors import RunbookError
from pypi_runbook.pages import fences
from pypi_runbook.pages.console import read_console
from pypi_runbook.pages.linemarks import PRIORITY, TakeMarks
from pypi_runbook.pages.published import Published
from pypi_runbook.pages.snippet import TabSet

FENCE = re.compile(r"[> \t]*(`{3,}|~{3,})")
FIRST_TAG = re.compile(r"<(\w+)")
NUMBER = re.compile(r'( data-snippet=")(\d+)(")')
PAGE = "reference/fences.md"


@dataclass
class Fence:
    """One fence as superfences formatted it; `number` is its place among those."""

    number: int
    line: int
    language: str
    text: str
    options: dict[str, str]
    tabs: tuple[str, ...] = ()


@dataclass
class Record:
    """What one page's conversion brought to light; fences and tab sets are in published order."""

    path: str = ""
    fences: list[Fence] = field(default_factory=list)
    tab_sets: list[TabSet] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)
    errors: list[RunbookError] = field(default_factory=list)


class PageError(RunbookError, BuildError):  # type: ignore[misc]  # click calls its own `message` final; ours stands first
    """Everything that is wrong with the pages; MkDocs prints it without a traceback."""


def all_in_one(errors: list[RunbookError]) -> PageError:
    """Return one error that tells ERRORS, the first with its place and the rest below it."""
    first, *rest = errors
    message = "\n".join([first.message, *(f"error: {error.file}:{error.line}: {error.message}" for error in rest)])
    return PageError(first.id, message, first.file, first.line, first.next, first.page)


SINK: ContextVar[list[tuple[Record, str]] | None] = ContextVar("SINK", default=None)


@contextmanager
def collecting() -> Iterator[list[tuple[Record, str]]]:
    """Collect the record and the HTML of every page that is converted meanwhile, for example by a build of the site."""
    found: list[tuple[Record, str]] = []
    token = SINK.set(found)
    try:
        yield found
    finally:
        SINK.reset(token)


class RecorderExtension(Extension):
    """Record one page at a time; `md.runbook_record` holds what the last conversion found.

    With `collect`, errors stay in the record for a caller that tells those of all pages at once.
    """

    def __init__(self, **settings: Any) -> None:
        self.config = {"collect": [False, "Leave a page's errors in its record"]}
        super().__init__(**settings)

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 (the name is Python-Markdown's)
        """Wrap superfences, and look at each page's final HTML."""
        if "fenced_code_block" not in md.preprocessors:
            raise BuildError("pypi_runbook.pages.recorder must stand after pymdownx.superfences in markdown_extensions")
        md.registerExtension(self)
        self.marks = TakeMarks(md)
        self.md = md
        md.preprocessors.register(self.marks, "runbook_line_marks", PRIORITY)
        md.parser.blockprocessors.register(Indented(md.parser, self), "runbook_indented", 79)
        self._wrap_superfences(md.preprocessors["fenced_code_block"])
        # Not a postprocessor: Python-Markdown runs those over each heading, too.
        md.convert = self._convert(md.convert)  # type: ignore[assignment]
        self.reset()

    def reset(self) -> None:
        """Start a new page."""
        self.record = Record()
        self.source: list[str] = []
        self.taken: list[range] = []
        self.md.runbook_record = self.record  # type: ignore[attr-defined]

    def place(self, index: int) -> int:
        """Return the source line of line INDEX, from 0, of the text that superfences reads."""
        return self.marks.source_lines[index] or index + 1 if index < len(self.marks.source_lines) else index + 1

    def error(self, line: int, message: str, *, id: str = "bad-fence") -> None:  # noqa: A002 (an error's id is called so everywhere)
        """Keep an error of this page for its end."""
        found = RunbookError(id, message, self.marks.page_path or None, line, next="see the closed lists of languages and options", page=PAGE)
        self.record.errors.append(found)

    def _wrap_superfences(self, superfences: Any) -> None:
        """Put the recorder around the three places where superfences decides about a fence."""
        default = superfences.extension.superfences[0]
        default["validator"] = self._validate(default["validator"])
        default["formatter"] = superfences.highlight
        superfences.process_nested_block = self._format(superfences, superfences.process_nested_block)
        superfences.run = self._run(superfences.run)

    def _validate(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Return a validator that takes away the options which are not superfences' own; else it makes a paragraph of the fence."""

        def validate(language: str, inputs: dict[str, str], options: dict[str, Any], attrs: dict[str, Any], md: Markdown) -> Any:
            shown = {name: value for name, value in inputs.items() if name in fences.OPTIONS and not fences.OPTIONS[name].of_a_run}
            valid = original(language, shown, options, attrs, md)
            attrs.clear()
            options["runbook"] = dict(inputs)
            return valid

        return validate

    def _format(self, superfences: Any, original: Callable[..., None]) -> Callable[..., None]:
        """Return a `process_nested_block` whose formatter records the fence; only there its lines are known."""

        def process(ws: str, content: str, start: int, end: int) -> None:
            formatter = superfences.formatter

            def recording(src: str, language: str, options: dict[str, Any], **rest: Any) -> str:
                number = self._record(start, language or "", src, options.pop("runbook", {}))
                html: str = formatter(src=src, language=language, options=options, **rest)
                return FIRST_TAG.sub(lambda tag: f'{tag[0]} data-snippet="{number}"{copied(language, src)}', html, count=1)

            superfences.formatter = recording
            self.taken.append(range(start, end))
            original(ws, content, start, end)

        return process

    def _record(self, start: int, language: str, text: str, options: dict[str, str]) -> int:
        number = len(self.record.fences) + 1
        line = self.place(start)
        self.record.fences.append(Fence(number, line, language, text.rstrip("\n"), options))
        for problem in fences.problems(language, options):
            self.error(line, problem)
        return number

    def _run(self, original: Callable[..., list[str]]) -> Callable[..., list[str]]:
        """Return a `run` that finds the fences which superfences let stand as text."""

        def run(lines: list[str]) -> list[str]:
            self.source, self.taken = list(lines), []
            after = original(lines)
            for index, line in enumerate(self.source):
                if FENCE.match(line) and not any(index in taken for taken in self.taken):
                    self.error(
                        self.place(index), f'this fence is published as text: {line.strip()} (unclosed, or an option that is not name="value")'
                    )
            return after

        return run

    def _convert(self, original: Callable[[str], str]) -> Callable[[str], str]:
        """Return a `convert` that looks at the page's final HTML."""

        def convert(source: str) -> str:
            return self._publish(original(source))

        return convert

    def _publish(self, html: str) -> str:
        """Keep what HTML publishes, numbered in its order, and end the page with its errors."""
        record, published = self.record, Published(html)
        record.path, record.tab_sets, record.inline = self.marks.page_path, published.tab_sets, published.inline
        formatted = {fence.number: fence for fence in record.fences}
        numbers = {old: new for new, (old, _) in enumerate(published.fences, 1)}
        record.fences = [replace(formatted[old], number=numbers[old], tabs=tabs) for old, tabs in published.fences]
        for tag in published.raw:
            self.error(self.line_of(tag), f"raw code is not recorded, so it is never run: {tag}; write a fence", id="raw-code")
        for message in unlinked(published.tab_sets):
            self.error(1, message, id="tabs-not-linked")
        if record.errors and not self.getConfig("collect"):
            raise all_in_one(record.errors)
        html = NUMBER.sub(lambda found: f"{found[1]}{numbers.get(int(found[2]), 0)}{found[3]}", html)
        if (sink := SINK.get()) is not None:
            sink.append((record, html))
        return html

    def line_of(self, text: str) -> int:
        """Return the source line of the first line that ends with TEXT, or holds it."""
        ends = (index for index, line in enumerate(self.source) if line.endswith(text))
        holds = (index for index, line in enumerate(self.source) if text in line)
        return self.place(next(ends, next(holds, 0)))


class Indented(BlockProcessor):
    """Refuse indented code; it stands where Python-Markdown looks for that, after lists, tabs and admonitions took theirs."""

    def __init__(self, parser: BlockParser, recorder: RecorderExtension) -> None:
        super().__init__(parser)
        self.recorder = recorder

    def test(self, parent: Element, block: str) -> bool:  # noqa: ARG002 (the parameters are Python-Markdown's)
        """Say whether BLOCK is indented as code is."""
        return block.startswith(" " * self.tab_length)

    def run(self, parent: Element, blocks: list[str]) -> bool:  # noqa: ARG002
        """Note the error, and leave the block to the others; a fence that superfences took is none."""
        first = blocks[0].split("\n")[0]
        if not HTML_PLACEHOLDER_RE.search(first):
            self.recorder.error(self.recorder.line_of(first), f"indented code is never run: {first.strip()}; write a fence", id="indented-code")
        return False


def copied(language: str, text: str) -> str:
    """Return the attribute that tells the copy button to take a console block's commands without prompts and output."""
    if language != "console":
        return ""
    try:
        commands = "\n".join(command.text for command in read_console(text.strip("\n")))
    except ValueError:
        return ""
    return f' data-copy="{escape(commands)}"'


def unlinked(tab_sets: list[TabSet]) -> Iterator[str]:
    """Yield a sentence for each two tab sets that share some labels but not all: a reader's choice would not be clear."""
    sets = sorted({tuple(sorted(tabs.labels)) for tabs in tab_sets})
    for first, second in combinations(sets, 2):
        if set(first) & set(second):
            yield f"two tab sets share some labels, not all ({', '.join(first)} | {', '.join(second)}): give both the same, or none in common"


def makeExtension(**settings: Any) -> RecorderExtension:  # noqa: N802 (the name is Python-Markdown's)
    """Return the extension, as Python-Markdown asks for it."""
    return RecorderExtension(**settings)
