"""What became of a rehearsal: its steps, jobs, uploads and release, and the document that `rehearse --json` prints."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from pypi_runbook.finding import Finding

Outcome = Literal["success", "failure", "skipped", "cancelled", "not-rehearsed"]


@dataclass(frozen=True)
class Annotation:
    """A message that GitHub would show beside a file: `level` is error, warning or notice."""

    level: str
    message: str
    file: str | None = None
    line: int | None = None
    title: str | None = None


@dataclass
class StepResult:
    """One step that ran or did not.

    result: what the job goes on with, so `success` for a failed step that may fail; outcome: what it was before that.
    reason: why it was skipped, failed or could not be rehearsed; page: what explains that. line: of the step in its file.
    """

    name: str
    uses: str | None
    run: str | None
    result: Outcome
    outcome: Outcome
    file: str
    line: int
    seconds: float = 0.0
    reason: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    annotations: list[Annotation] = field(default_factory=list)
    page: str | None = None


@dataclass
class JobResult:
    """One job, or one leg of its matrix; id is the key in the file, name what GitHub shows."""

    id: str
    name: str
    result: Outcome
    file: str
    line: int
    reason: str = ""
    steps: list[StepResult] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    environment: str | None = None
    environment_url: str | None = None
    summary: str = ""
    needs: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class Upload:
    """A file that an index took: `publisher` is the identity that it was published under, empty for a token of a person."""

    index: str
    filename: str
    sha256: str
    publisher: str


@dataclass(frozen=True)
class NotRehearsed:
    """Something that GitHub would do and this machine did not, with the reason; `essential` makes the result incomplete."""

    where: str
    what: str
    reason: str
    essential: bool = True


@dataclass
class Report:
    """A whole rehearsal.

    notes: what a person should know of how it came about; refused: what the indexes and GitHub refused, and why.
    findings: why it is no success although every job succeeded.
    """

    event: str
    ref: str
    workflow: str
    commit: str
    jobs: list[JobResult] = field(default_factory=list)
    uploads: list[Upload] = field(default_factory=list)
    release: dict[str, Any] | None = None
    not_rehearsed: list[NotRehearsed] = field(default_factory=list)
    transcript: list[str] = field(default_factory=list)
    layers: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    run_number: str = "1"
    seconds: float = 0.0

    @property
    def result(self) -> str:
        """Return `failure` when a job failed or the run missed its purpose, else `incomplete` when something essential was not rehearsed."""
        if self.findings or any(job.result in ("failure", "cancelled") for job in self.jobs):
            return "failure"
        return "incomplete" if any(each.essential for each in self.not_rehearsed) else "success"
