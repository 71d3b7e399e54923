"""One thing that a check found not to be right, in words and in the shape that `--json` prints."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pypi_runbook.errors import RunbookError


@dataclass(frozen=True)
class Finding:
    """One thing that is not right.

    id: kebab-case name that programs can rely on; severity: `error` (do not go on), `warning` (look at it) or `note` (know it).
    message: one sentence without a final full stop; file, line: where, relative to the project; fix: the one thing to do now.
    page: the page of the guide that explains it.
    """

    id: str
    severity: str
    message: str
    file: str | None = None
    line: int | None = None
    fix: str | None = None
    page: str | None = None

    @classmethod
    def of(cls, error: RunbookError, severity: str = "error") -> Finding:
        """Return ERROR as a finding, for a check that goes on where a command would stop."""
        return cls(error.id, severity, error.message, error.file, error.line, error.next, error.page)

    def as_json(self) -> dict[str, Any]:
        """Return the finding as the design's JSON has it."""
        return asdict(self)

    def __str__(self) -> str:
        error = RunbookError(self.id, self.message, self.file, self.line, self.fix, self.page)
        return f"{self.severity}: {error}"
