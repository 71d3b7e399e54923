"""How a rehearsal speaks while it runs: a line for each job and step, and the whole log kept as a transcript."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from pypi_runbook.rehearsal.definition import StepDefinition
from pypi_runbook.rehearsal.results import JobResult, StepResult
from pypi_runbook.rehearsal.steps.tail import Tail

MARKS = {"success": "ok", "failure": "FAILED", "skipped": "skipped", "cancelled": "cancelled", "not-rehearsed": "not rehearsed"}
# How much of a failed step's log is shown at once; the transcript has all of it.
LAST_LINES = 40
# Of the whole transcript, in characters: one step may print eight million, and a matrix may have hundreds.
MOST = 32 * 1024 * 1024


class Speaker:
    """Writes progress through SAY, one line at a time, and collects the log, at most MOST characters of it."""

    def __init__(self, say: Callable[[str], None], most: int = MOST) -> None:
        self.say = say
        self._kept = Tail(most)
        self._step: deque[str] = deque(maxlen=LAST_LINES)
        self._begun = time.monotonic()

    @property
    def transcript(self) -> list[str]:
        """The log of all jobs, its end where it is too long."""
        return self._kept.lines

    def line(self, line: str) -> None:
        """Take a line of a step's log, masked already."""
        self._kept.add(line)
        self._step.append(line)

    def job_begins(self, job: JobResult) -> None:
        """Tell that JOB begins."""
        self._begun = time.monotonic()
        place = f" in {job.file}:{job.line}"
        self.say(f"{job.name}{place}")
        self._kept.add(f"=== {job.name}{place}")

    def step_begins(self, job: JobResult, name: str) -> None:
        """Tell that a step of JOB begins."""
        self._kept.add(f"--- {job.name}: {name}")
        self._step.clear()

    def step_ended(self, job: JobResult, step: StepDefinition, ended: StepResult) -> None:
        """Tell how a step of JOB ended, with the end of its log when it failed, and the page that explains it."""
        # Only the first words of a reason: all of it stands in the log below, or in the report.
        reason = next((f": {line.strip()}" for line in ended.reason.splitlines() if line.strip()), "")
        failed = ended.outcome == "failure"
        mark = "failed, and may" if failed and ended.result != "failure" else MARKS[ended.outcome]
        self.say(f"  {ended.seconds:7.1f} s  {mark:<9}  {ended.name}{reason if ended.outcome != 'success' else ''}")
        if failed:
            for line in self._step:
                self.say(f"             | {line}")
            self.say(f"             at {step.file}:{step.line}, job {job.id}")
        if failed and ended.page:
            self.say(f"             page: {ended.page}")

    def job_ended(self, job: JobResult) -> None:
        """Tell how JOB ended."""
        if job.steps or job.result == "success":
            self.say(f"  {time.monotonic() - self._begun:7.1f} s  {MARKS[job.result]:<9}  the job {job.name}")
        else:
            self.say(f"{job.name}: {MARKS[job.result]}{': ' if job.reason else ''}{job.reason}")
            self._kept.add(f"=== {job.name}: {MARKS[job.result]}{': ' if job.reason else ''}{job.reason}")
