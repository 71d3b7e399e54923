"""The guide as the checks look at it: Markdown that tells people how to release, its commands and its sentences with their lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from markdown_it import MarkdownIt
from markdown_it.token import Token

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.workflow_view import without_long_lines
from pypi_runbook.finding import Finding
from pypi_runbook.project.read import NOT_PROJECTS
from pypi_runbook.project.shell import Command, shell_commands
from pypi_runbook.secrets import mask

ABOUT = re.compile(r"releas|publish|pypi|checklist|maintain|deploy", re.IGNORECASE)
SAYS = re.compile(
    r"\btwine (check|upload)|\b(poetry|uv|flit|hatch|pdm) publish\b|\bmaturin (publish|upload)\b|trusted publish|testpypi|test\.pypi\.org"
    r"|(upload|publish)\w* (it )?(to|on) pypi|\bgit tag\b|\bgit push\b[^\n]*tags",
    re.IGNORECASE,
)
# What happened once is no instruction; what lies below these folders belongs to somebody else, or is data.
HISTORY = re.compile(
    r"(^|/)(changelogs?|change[-_]?log|changelog\.d|changes|history|news|newsfragments|release[-_ ]?notes?|releases|whats?[-_]?new|blog)(/|\.\w+$)"
    r"|(^|/)(v?\d+(\.\d+)+|version_[\d.]+)\.md$",
    re.IGNORECASE,
)
ELSEWHERE = NOT_PROJECTS - {"docs"}
SHELLS = {"bash", "sh", "shell", "zsh", "console", "shell-session", "shellsession", "terminal"}
# The words with which inline code begins when it is a command line.
CLIENTS = {
    *("poetry", "pip", "pip3", "pipx", "python", "python3", "py", "twine", "git", "gh", "uv", "uvx", "hatch", "flit", "pdm", "maturin"),
    *("invoke", "inv", "tox", "nox", "towncrier", "mkdocs", "bump2version", "bump-my-version", "cz", "build", "pyproject-build", "make"),
}
CELLS = ("td_open", "th_open")
# What is larger is generated, and nobody reads it to make a release.
LARGEST, MOST_LINES = 200_000, 5_000
PROMPT = re.compile(r"\s*(?:\([\w.-]+\) ?)?\$ ")


@dataclass(frozen=True)
class Block:
    """A piece of Markdown with its first line: a paragraph, a list item's text or a table's cell; `section` counts headings before it."""

    text: str
    line: int
    section: int
    heading: bool = False


@dataclass(frozen=True)
class Fence:
    """A fence: its language, its text, and the line on which the text begins."""

    language: str
    text: str
    line: int
    section: int

    @property
    def script(self) -> str:
        """The commands of a shell's fence, line by line as they stand there; where prompts are shown only what follows one."""
        lines = self.text.splitlines()
        shown = [PROMPT.match(line) for line in lines]
        if any(shown):
            lines = [line[match.end() :] if match else "" for line, match in zip(lines, shown, strict=True)]
        elif self.language not in SHELLS:
            return ""
        return "\n".join(lines)


@dataclass(frozen=True)
class Said:
    """One command of the guide: its words, its text and line, and whether it stands in a fence."""

    command: Command
    text: str
    line: int
    fence: Fence | None

    @property
    def words(self) -> list[str]:
        """The words, beginning with the client's bare name: without folder and without `python -m`."""
        words = self.command.words
        if len(words) > 2 and re.fullmatch(r"(.*/)?py(thon[\d.]*)?", words[0]) and words[1] == "-m":
            words = words[2:]
        return [words[0].rsplit("/", 1)[-1], *words[1:]] if words else []


@dataclass(frozen=True)
class Page:
    """One Markdown file of the guide."""

    checkup: Checkup
    file: str
    text: str

    def finding(self, name: str, severity: str, message: str, line: int, fix: str, page: str) -> Finding:
        """Return a finding NAME on LINE of this page; PAGE is the one of our guide that explains it."""
        return Finding(name, severity, mask(message), self.file, line, mask(fix), page)

    @property
    def is_ours(self) -> bool:
        """Whether the page's name says that it is about this project's own releases; others may tell users about theirs."""
        return bool(ABOUT.search(self.file))

    @cached_property
    def tokens(self) -> list[Token]:
        """The file as CommonMark's tokens; fences count at any depth, since MkDocs indents what stands in tabs and notes."""
        return MarkdownIt("commonmark").enable("table").disable("code").parse(self.text)

    @cached_property
    def fences(self) -> list[Fence]:
        """Every fence of the page."""
        return [
            Fence((token.info.split() or [""])[0].strip("{}.").lower(), token.content, token.map[0] + 2, section)
            for token, section in self.counted()
            if token.type == "fence" and token.map
        ]

    @cached_property
    def blocks(self) -> list[Block]:
        """Every piece of text of the page."""
        found = []
        heading = False
        for token, section in self.counted():
            heading = token.type == "heading_open" if token.type != "inline" else heading
            if token.type == "inline" and token.map:
                found.append(Block(token.content, token.map[0] + 1, section, heading))
        return found

    def counted(self) -> Iterator[tuple[Token, int]]:
        """Yield each token with the number of headings above it."""
        section = 0
        for token in self.tokens:
            section += token.type == "heading_open"
            yield token, section

    def section(self, number: int) -> str:
        """Return the text of one section: its heading and everything up to the next."""
        return self.sections.get(number, "")

    @cached_property
    def sections(self) -> dict[int, str]:
        """The text of each section, by the number of headings before it."""
        found: dict[int, list[str]] = {}
        pieces: list[Block | Fence] = [*self.blocks, *self.fences]
        for piece in pieces:
            found.setdefault(piece.section, []).append(piece.text)
        return {number: "\n".join(texts) for number, texts in found.items()}

    @cached_property
    def codes(self) -> list[tuple[str, int]]:
        """Every piece of inline code with its line; what a table's cell quotes is what the row is about, and nothing to be typed."""
        before = [None, *self.tokens]
        return [
            found
            for token, opening in zip(self.tokens, before, strict=False)
            if token.type == "inline" and token.map and not (opening and opening.type in CELLS)
            for found in inline_codes(token, token.map[0] + 1)
        ]

    @cached_property
    def commands(self) -> list[Said]:
        """Every command of the page: those of fences, and inline code that begins with a client's name."""
        found = [said for fence in self.fences for said in fence_commands(fence)]
        for text, line in self.codes:
            if " " in text.strip() and text.split()[0] in CLIENTS:
                found += [Said(command, text, line, None) for command in safe_commands(text) if command.words]
        return found


def inline_codes(token: Token, line: int) -> Iterator[tuple[str, int]]:
    """Yield the inline code of one paragraph."""
    for child in token.children or []:
        if child.type in ("softbreak", "hardbreak"):
            line += 1
        elif child.type == "code_inline":
            yield child.content, line


def fence_commands(fence: Fence) -> Iterator[Said]:
    """Yield the commands of FENCE; a bare fence counts where it shows prompts."""
    lines = fence.script.splitlines()
    for command in safe_commands(fence.script):
        if command.words and command.line < len(lines):
            yield Said(command, lines[command.line], fence.line + command.line, fence)


def safe_commands(text: str) -> list[Command]:
    """Return the commands of TEXT; none where it cannot be read as shell."""
    try:
        return list(shell_commands(text))
    except ValueError:
        return []


def guide_pages(checkup: Checkup) -> Iterator[Page]:
    """Yield the Markdown files that tell how to release."""
    return (page for file in checkup.files if is_guide(file) and (page := read_page(checkup, file)))


def is_guide(file: str) -> bool:
    """Tell whether FILE can be a page of instructions: Markdown of the project itself, and no record of what happened."""
    parts = file.split("/")[:-1]
    hidden = any(part in ELSEWHERE or (part.startswith(".") and part != ".github") for part in parts)
    return file.lower().endswith((".md", ".markdown")) and not hidden and not HISTORY.search(file)


def read_page(checkup: Checkup, file: str) -> Page | None:
    """Return FILE when its name or its text is about releasing."""
    text = checkup.text(file)
    if text is None or len(text) > LARGEST or text.count("\n") > MOST_LINES:
        return None
    text = without_long_lines(text)
    return Page(checkup, file, text) if ABOUT.search(file) or SAYS.search(text) else None
