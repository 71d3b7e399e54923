"""How a rehearsal speaks while it runs: a line for each job and step, and the whole log kept as a transcript."""

from __future__ import annotations

import time
from collections.abc import Callable

from pypi_runbook.rehearsal.definition import StepDefinition
from pypi_runbook.rehearsal.results import JobResult, StepResult

MARKS = {"success": "ok", "failure": "FAILED", "skipped": "skipped", "cancelled": "cancelled", "not-rehearsed": "not rehearsed"}
# How much of a failed step's log is shown at once; the transcript has all of it.
LAST_LINES = 40


class Speaker:
    """Writes progress through SAY, one line at a time, and collects the log."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.transcript: list[str] = []
        self._step: int = 0
        self._begun = time.monotonic()

    def line(self, line: str) -> None:
        """Take a line of a step's log, masked already."""
        self.transcript.append(line)

    def job_begins(self, job: JobResult) -> None:
        """Tell that JOB begins."""
        self._begun = time.monotonic()
        place = f" in {job.file}:{job.line}"
        self.say(f"{job.name}{place}")
        self.transcript.append(f"=== {job.name}{place}")

    def step_begins(self, job: JobResult, name: str) -> None:
        """Tell that a step of JOB begins."""
        self.transcript.append(f"--- {job.name}: {name}")
        self._step = len(self.transcript)

    def step_ended(self, job: JobResult, step: StepDefinition, ended: StepResult) -> None:
        """Tell how a step of JOB ended, with the end of its log when it failed."""
        reason = f": {ended.reason}" if ended.reason else ""
        failed = ended.outcome == "failure"
        mark = "failed, and may" if failed and ended.result != "failure" else MARKS[ended.outcome]
        self.say(f"  {ended.seconds:7.1f} s  {mark:<9}  {ended.name}{reason if ended.outcome != 'success' else ''}")
        if failed:
            for line in self.transcript[self._step :][-LAST_LINES:]:
                self.say(f"             | {line}")
            self.say(f"             at {step.file}:{step.line}, job {job.id}{f'; page: {ended.page}' if ended.page else ''}")

    def job_ended(self, job: JobResult) -> None:
        """Tell how JOB ended."""
        if job.steps or job.result == "success":
            self.say(f"  {time.monotonic() - self._begun:7.1f} s  {MARKS[job.result]:<9}  the job {job.name}")
        else:
            self.say(f"{job.name}: {MARKS[job.result]}{': ' if job.reason else ''}{job.reason}")
            self.transcript.append(f"=== {job.name}: {MARKS[job.result]}{': ' if job.reason else ''}{job.reason}")
