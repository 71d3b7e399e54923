"""The one error that reaches a user: what happened, where, what to do next, and which page explains it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(eq=False)
class RunbookError(Exception):
    """Something the request cannot get past.

    id: kebab-case name that programs can rely on, for example `no-pyproject`.
    message: one sentence without a final full stop; secrets are masked before they get here.
    file, line: where, relative to the project when it is inside; line counts from 1.
    next: the one thing to do now, as a sentence or a command.
    page: the page of the guide that explains it, for example `troubleshooting/empty-dist.md`.
    status: 1 when the checked thing is not right, 2 when the request cannot be understood or carried out.
    """

    id: str
    message: str
    file: str | None = None
    line: int | None = None
    next: str | None = None
    page: str | None = None
    status: int = 2

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.file and self.line else f"{self.file}: " if self.file else ""
        tail = [f"  next: {self.next}"] if self.next else []
        tail += [f"  page: {self.page}"] if self.page else []
        return "\n".join([f"{place}{self.message}", *tail])

    def as_json(self) -> dict[str, Any]:
        """Return the document that `--json` prints for this error."""
        fields = {name: getattr(self, name) for name in ("id", "message", "file", "line", "next", "page")}
        return {"schema": 1, "error": fields}
