"""What became of one snippet on one path, and the words in which a failure is told."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from pypi_runbook.pages.snippet import Snippet

PASSED, FAILED, SKIPPED, NOT_RUN = "passed", "failed", "skipped", "not-run"
LONGEST_OUTPUT = 200


@dataclass(frozen=True)
class Outcome:
    """One snippet's result on one path.

    reason: one line, for lists; message: all that a person needs to mend it, for the terminal.
    """

    number: int
    result: str
    reason: str = ""
    message: str = ""
    seconds: float = 0.0
    finished: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the fields as plain data, for another process."""
        return asdict(self)


def now() -> str:
    """Return the time in ISO format, in UTC and to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def passed(snippet: Snippet, seconds: float) -> Outcome:
    """Return that SNIPPET did what its page says."""
    return Outcome(snippet.number, PASSED, seconds=round(seconds, 3), finished=now())


def skipped(snippet: Snippet, because: str) -> Outcome:
    """Return that SNIPPET is not run for a reason that the page gives, or because a tool is missing."""
    return Outcome(snippet.number, SKIPPED, because, finished=now())


def not_run(snippet: Snippet, because: str) -> Outcome:
    """Return that SNIPPET's turn never came."""
    return Outcome(snippet.number, NOT_RUN, because, because)


@dataclass(frozen=True)
class Complaint:
    """Why a snippet failed: what happened, on which line of which page, with which command, and what there is to read."""

    what: str
    page: str
    line: int
    command: str = ""
    output: str = ""
    difference: str = ""

    @property
    def reason(self) -> str:
        """The first line, which names the place."""
        return f"{self.page}:{self.line}: {self.what}"

    def message(self) -> str:
        """Return the whole story, one part below the other."""
        parts = [self.reason]
        if self.command:
            parts.append("  command:\n" + _indent(self.command, "    "))
        if self.difference:
            parts.append("  difference (- on the page, + real):\n" + self.difference)
        parts.append("  output:\n" + _indent(_shorten(self.output), "    | ") if self.output.strip() else "  output: none")
        return "\n".join(parts)


def failed(snippet: Snippet, complaint: Complaint, seconds: float) -> Outcome:
    """Return that SNIPPET did something else than its page says."""
    return Outcome(snippet.number, FAILED, complaint.reason, complaint.message(), round(seconds, 3), now())


def _indent(text: str, mark: str) -> str:
    return "\n".join(f"{mark}{line}".rstrip() for line in text.rstrip("\n").split("\n"))


def _shorten(text: str) -> str:
    """Return TEXT without the middle of a very long output; what fails speaks last."""
    lines = text.rstrip("\n").split("\n")
    if len(lines) <= LONGEST_OUTPUT:
        return text
    return "\n".join([*lines[:20], f"… {len(lines) - LONGEST_OUTPUT} lines left out …", *lines[20 - LONGEST_OUTPUT :]])


def failed_session(snippet: Snippet, what: str) -> Outcome:
    """Return that the session ended under SNIPPET without an answer, and WHAT happened; more is on stderr."""
    return failed(snippet, Complaint(f"{what}; see stderr", snippet.page, snippet.line), 0.0)
