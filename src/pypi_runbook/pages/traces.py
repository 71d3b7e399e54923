"""Find what a path left behind, and the snippet that did it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from pypi_runbook import processes
from pypi_runbook.pages import leftovers
from pypi_runbook.pages.session import PathSpec
from pypi_runbook.pages.snippet import Snippet

# A process that was told to end may need a moment for it.
PATIENCE = 1.0


@dataclass(frozen=True)
class Trace:
    """One thing that is still there, and the snippet after which it was first seen."""

    what: str
    page: str
    line: int

    @property
    def sentence(self) -> str:
        """Return it with its place."""
        return f"{self.page}:{self.line} left behind {self.what}"


class Traces:
    """Remembers which processes and files were there before, and after which snippet new ones came.

    files: what lay outside the sandbox before; None where the session cannot write there anyway. A comparison alone cannot tell
    the path's files from those that somebody else makes at the same time.
    """

    def __init__(self, spec: PathSpec, files: leftovers.Files | None) -> None:
        self.spec = spec
        self._files = files
        self._own = [process.pid for process in processes.descendants()]
        self._first_seen: dict[int, Snippet] = {}

    def look(self, snippet: Snippet) -> None:
        """Note which processes are there after SNIPPET."""
        for process in self._processes():
            self._first_seen.setdefault(process.pid, snippet)

    def left(self) -> list[Trace]:
        """Return what the path left behind, processes first."""
        limit = time.monotonic() + PATIENCE
        while (running := self._processes()) and time.monotonic() < limit:
            time.sleep(0.02)
        last = self.spec.snippets[-1]
        found = []
        for process in running:
            snippet = self._first_seen.get(process.pid, last)
            found.append(Trace(f"the process `{process.command}`", snippet.page, snippet.line))
        changes = self._files.changes(leftovers.Files.now(self.spec.root, Path.home())) if self._files else []
        return found + [Trace(f"a file outside its sandbox: {change}", last.page, last.line) for change in changes]

    def _processes(self) -> list[processes.Process]:
        """Return the path's own processes; the shell was there before, what it started was not."""
        return [process for process in processes.descendants() if process.pid not in self._own]
