"""One job from its first step to its outputs."""

from __future__ import annotations

import time

from pypi_runbook.project.expressions import ExpressionError, Size
from pypi_runbook.rehearsal.definition import JobDefinition
from pypi_runbook.rehearsal.results import JobResult
from pypi_runbook.rehearsal.running import StepError
from pypi_runbook.rehearsal.steps.job import LONGEST, RunningJob
from pypi_runbook.rehearsal.steps.sequence import run_level
from pypi_runbook.rehearsal.steps.setting import Setting
from pypi_runbook.rehearsal.steps.values import contexts, text


def run_steps(job: JobDefinition, setting: Setting, result: JobResult) -> None:
    """Run the steps of JOB and write into RESULT what became of them.

    KeyboardInterrupt ends the step that runs, and the job, and comes out again; nothing that the job started is left then.
    """
    running = RunningJob(job, setting, result)
    began = time.monotonic()
    try:
        if _set_up(running):
            run_level(running, job.steps, running.level)
            _work_out_results(running)
    except BaseException:
        running.level.status = "cancelled"
        raise
    finally:
        for process, name in running.processes.end():
            running.say(f"Terminate orphan process: pid ({process}) ({name})")
        result.result = running.level.status
        result.reason = result.reason or _reason(result)
        result.seconds = time.monotonic() - began


def _set_up(job: RunningJob) -> bool:
    """Work out the job's own env and its time; an error there fails the job before its first step."""
    definition = job.definition
    try:
        known, size = contexts(job, job.level, {}), Size()
        for name, value in definition.env.items():
            job.exported[name] = size.of(text(job, job.level, value, known))
        job.level.shell = text(job, job.level, definition.shell or "", contexts(job, job.level, job.exported))
        job.level.folder = text(job, job.level, definition.working_directory or "", contexts(job, job.level, job.exported))
        minutes = float(text(job, job.level, definition.timeout_minutes, known) or LONGEST)
    except (ExpressionError, StepError, ValueError) as error:
        _fail(job, f"The template is not valid. {definition.file} (Line: {definition.line}): {error}")
        return False
    # No job runs longer, whatever it says; and what is no number says nothing.
    minutes = min(minutes, LONGEST)
    job.deadline = time.monotonic() + minutes * job.setting.minute
    return True


def _fail(job: RunningJob, reason: str) -> None:
    job.say(f"##[error]{reason}")
    job.level.status = "failure"
    job.result.reason = job.masks.hide(reason)


def _work_out_results(job: RunningJob) -> None:
    """Work out the job's outputs and the address of its environment; one that has a secret in it is left out."""
    known, size = contexts(job, job.level, job.exported), Size()
    try:
        for name, written in job.definition.outputs.items():
            _set_output(job, name, size.of(text(job, job.level, written, known)))
    except ExpressionError as error:
        job.say("##[error]Fail to evaluate job outputs")
        _fail(job, error.message)
    try:
        url = text(job, job.level, job.definition.environment_url or "", known)
    except ExpressionError as error:
        job.say("##[error]Failed to evaluate environment url")
        _fail(job, error.message)
        return
    if job.masks.holds(url):
        job.say(f"##[warning]Skip setting environment url as environment '{job.result.environment}' may contain secret.")
    elif url:
        job.result.environment_url = url


def _set_output(job: RunningJob, name: str, value: str) -> None:
    if job.masks.holds(value):
        job.say(f"##[warning]Skip output '{name}' since it may contain secret.")
    elif value:
        job.result.outputs[name] = value


def _reason(result: JobResult) -> str:
    failed = next((step for step in result.steps if step.result in ("failure", "cancelled")), None)
    return f"{failed.name}: {failed.reason}" if failed else ""
