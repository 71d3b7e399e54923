"""Run a path's snippets: what each language means, and what a page promises about it."""

from __future__ import annotations

import re
import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pypi_runbook import processes, reads
from pypi_runbook.pages.console import Command, Comparison, read_console
from pypi_runbook.pages.interpreter import CHILD, Interpreter
from pypi_runbook.pages.outcome import Complaint, Outcome, failed, passed
from pypi_runbook.pages.ready import MAIN, ready_ensurepip
from pypi_runbook.pages.sandbox import Sandbox
from pypi_runbook.pages.session import PathSpec
from pypi_runbook.pages.shell import COMMAND, Result, Shell
from pypi_runbook.pages.snippet import Snippet
from pypi_runbook.twin import Twin

READONLY = (sys.executable, "-I", "-S", str(Path(__file__).with_name("readonly.py")))
INDEXES = ("pypi", "testpypi")
# Tokens that a page's own commands got from the twin: macaroons of its indexes, and identities of its jobs.
MINTED = re.compile(r"pypi-AgE[\w-]{50,}|eyJ[\w-]{20,}\.eyJ[\w-]{20,}\.[\w-]{20,}")


class PathRun:
    """The live shell and interpreter of one path, in its sandbox, with its twin around them."""

    def __init__(self, spec: PathSpec, sandbox: Sandbox, twin: Twin, read: Path) -> None:
        self.spec = spec
        self.tokens = {f"token:{index}": twin.token(index) for index in INDEXES}
        # Unbuffered, so that both streams of a Python program come in the order in which a terminal shows them.
        environment = {**twin.environment(sandbox.home, sandbox.tmp), "PATH": str(sandbox.bin), "PYTHONUNBUFFERED": "1", reads.VARIABLE: str(read)}
        # Some containers have no HOME, or / for one.
        outside = [str(folder) for folder in (Path.home(), spec.root) if folder.is_dir() and folder != Path("/")]
        command = [*READONLY, str(sandbox.folder), *map(str, ready_ensurepip() or ("", "")), *outside, "--", *COMMAND]
        self.shell = Shell(sandbox.driver, twin.wrap(command), environment, sandbox.project)
        # Whether what lies outside the sandbox is out of reach; else whoever asks has to compare files.
        self.protected = self.shell.run(" && ".join(f"test ! -w {shlex.quote(folder)}" for folder in outside)).status == 0
        self.python = Interpreter(self.shell, sandbox.driver)
        # Run by their place, so that nothing imports them.
        reads.note(Path(READONLY[-1]), CHILD, MAIN)
        self._sources: dict[int, tuple[Snippet, int]] = {}

    def run(self, snippet: Snippet) -> Outcome:
        """Run SNIPPET and return what became of it."""
        started = time.monotonic()
        runners: dict[str, Callable[[Snippet], Complaint | None]] = {"bash": self._bash, "console": self._console, "python": self._python}
        complaint = runners[snippet.language](snippet)
        seconds = time.monotonic() - started
        return failed(snippet, self._masked(complaint), seconds) if complaint else passed(snippet, seconds)

    def end_background(self) -> None:
        """End what the page itself leaves running: its `background` blocks and the interpreter."""
        self.python.close()
        for pid in self.shell.background:
            processes.end(pid, itself=True)

    def close(self) -> None:
        """End the shell and the interpreter."""
        self.python.close()
        self.shell.close()

    def _bash(self, snippet: Snippet) -> Complaint | None:
        result = self._block(snippet, snippet.text, 0, snippet.timeout)
        return self._judge(snippet, result, _expected_exit(snippet))

    def _console(self, snippet: Snippet) -> Complaint | None:
        """Run one command after the other; only the last may be expected to fail."""
        try:
            commands = read_console(snippet.text)
        except ValueError as error:
            return Complaint(str(error), snippet.page, snippet.line)
        comparison, limit = Comparison(), time.monotonic() + snippet.timeout
        for command in commands:
            result = self._block(snippet, command.text, command.line - 1, max(limit - time.monotonic(), 0.1))
            wanted = _expected_exit(snippet) if command is commands[-1] else 0
            if complaint := self._judge(snippet, result, wanted, command) or _compare(snippet, command, result, comparison):
                return complaint
        return None

    def _python(self, snippet: Snippet) -> Complaint | None:
        result = self.python.run(snippet.text, snippet.page, snippet.line, timeout=snippet.timeout)
        return self._judge(snippet, result, _expected_exit(snippet))

    def _block(self, snippet: Snippet, text: str, offset: int, timeout: float) -> Result:
        """Run TEXT, which begins OFFSET lines below the snippet's first."""
        typed = snippet.options.get("input")
        typed = self.tokens.get(typed, typed) if typed is not None else None
        result = self.shell.run(text, timeout=timeout, typed=typed, until=snippet.options.get("background"))
        self._sources[self.shell.blocks] = (snippet, offset)
        return result

    def _judge(self, snippet: Snippet, result: Result, wanted: int, command: Command | None = None) -> Complaint | None:
        """Return what is wrong with RESULT when the page promises the exit status WANTED."""
        text = command.text if command else snippet.text
        if result.trouble:
            what = self._trouble(snippet, result)
        else:
            status = result.failure.status if result.failure else result.status
            if status == wanted:
                return None
            what = f"this {'fence' if snippet.language == 'python' else 'command'} ended with status {status}"
            what += f", the page says {wanted}" if wanted else ""
        page, line = self._place(snippet, result, command)
        return Complaint(what, page, line, result.failure.command if result.failure and result.failure.command else text, result.output)

    def _trouble(self, snippet: Snippet, result: Result) -> str:
        until = snippet.options.get("background")
        promise = f"print {until!r}" if until else "end"
        return {
            "syntax": "bash cannot read this block, so nothing of it was run",
            "timeout": f"this block did not {promise} within {snippet.timeout} s, and was ended with all its processes",
            "shell-ended": f"this block ended the session's shell, with status {result.status}",
            "background-ended": f"this block ended before it printed {until!r}",
            "python-ended": "this block ended the session's Python interpreter",
        }[result.trouble]

    def _place(self, snippet: Snippet, result: Result, command: Command | None) -> tuple[str, int]:
        """Return page and line of what failed; a function may stand in an earlier snippet."""
        failure = result.failure
        if failure and failure.block in self._sources:
            source, offset = self._sources[failure.block]
            return source.page, source.line + offset + failure.line
        if failure and failure.line:
            return snippet.page, failure.line
        return snippet.page, snippet.line + (command.line if command else 1)

    def _masked(self, complaint: Complaint) -> Complaint:
        """Take the twin's tokens out of what is kept and shown."""
        fields: dict[str, Any] = {name: getattr(complaint, name) for name in ("command", "output", "difference")}
        for name, token in self.tokens.items():
            fields = {field: text.replace(token, f"[{name}]") for field, text in fields.items()}
        fields = {field: MINTED.sub("[token]", text) for field, text in fields.items()}
        return replace(complaint, **fields)


def _expected_exit(snippet: Snippet) -> int:
    return int(snippet.options.get("exit", 0))


def _compare(snippet: Snippet, command: Command, result: Result, comparison: Comparison) -> Complaint | None:
    """Return what differs between a command's output and what stands below it."""
    difference = comparison.differs(command.expected, result.output)
    if not difference:
        return None
    line = snippet.line + command.line
    return Complaint("the output is not what the page shows", snippet.page, line, command.text, result.output, difference)
