"""The steps of a job or of a composite action, one after the other: whether each runs, what becomes of it, and what it leaves for the next."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pypi_runbook.errors import RunbookError
from pypi_runbook.project.expressions import ExpressionError, Size, Value, calls_no_status, condition, interpolate, truthy
from pypi_runbook.rehearsal.definition import StepDefinition
from pypi_runbook.rehearsal.results import Annotation, Outcome, StepResult
from pypi_runbook.rehearsal.running import NotHereError, StepError, about_texts
from pypi_runbook.rehearsal.steps.actions import use_action
from pypi_runbook.rehearsal.steps.files import Files
from pypi_runbook.rehearsal.steps.imagelist import REFUSED
from pypi_runbook.rehearsal.steps.level import Level, Running
from pypi_runbook.rehearsal.steps.processes import TimeOver
from pypi_runbook.rehearsal.steps.scripts import first_line, run_script
from pypi_runbook.rehearsal.steps.values import contexts, environment, functions, text

if TYPE_CHECKING:
    from pypi_runbook.rehearsal.steps.job import RunningJob

CANCELLED = "The operation was canceled."


def run_level(job: RunningJob, steps: Sequence[StepDefinition], level: Level) -> None:
    """Run STEPS in LEVEL, whose state then says what became of them."""
    for step in steps:
        if job.over:
            return
        _run_step(job, step, level)


def _run_step(job: RunningJob, step: StepDefinition, level: Level) -> None:
    running = Running(step, level, _result_of(job, step, level))
    job.enter(running)
    try:
        outcome = _begin(job, running) or _perform(job, running)
        _finish(job, running, outcome)
    except BaseException:
        running.result.result = running.result.outcome = "cancelled"
        running.result.reason = running.result.reason or CANCELLED
        raise
    finally:
        if not level.depth:
            running.result.seconds = time.monotonic() - running.began
            job.setting.progress(running.result.name, step, running.result)
        job.leave()


def _result_of(job: RunningJob, step: StepDefinition, level: Level) -> StepResult:
    """Return the result that the step writes into: a new one for a step of the job, that of the job's step inside of an action."""
    if level.depth:
        return job.running.result
    result = StepResult(_written_name(step), step.uses, step.run, "success", "success", step.file, step.line)
    job.result.steps.append(result)
    return result


def _written_name(step: StepDefinition) -> str:
    return step.name or (f"Run {step.uses}" if step.uses else first_line("Run ", step.run or ""))


def _begin(job: RunningJob, running: Running) -> Outcome | None:
    """Work out what the step knows and whether it runs; return its outcome when it does not."""
    step, level = running.definition, running.level
    running.env = {**job.exported, **level.env}
    running.contexts = contexts(job, level, running.env)
    try:
        size = Size()
        running.own = {name: size.of(text(job, level, value, running.contexts)) for name, value in step.env.items()}
        running.env.update(running.own)
        running.contexts = contexts(job, level, running.env)
        _name(job, running)
        holds = condition(step.condition or "", running.contexts, functions(job, level)) is True
    except (ExpressionError, StepError) as error:
        _fail_template(job, step, error)
        return "failure"
    if holds:
        return None
    running.result.reason = _why_skipped(step, running) if not level.depth else running.result.reason
    return "skipped"


def _name(job: RunningJob, running: Running) -> None:
    """Work out the name as far as it can be: an error in it stays there, since a name fails no step."""
    running.name = _written_name(running.definition)
    try:
        worked_out = text(job, running.level, running.name, running.contexts)
        running.name = job.masks.hide(worked_out if running.definition.name else worked_out.split("\n")[0])
    except (ExpressionError, StepError):
        pass
    if not running.level.depth:
        running.result.name = running.name


def _why_skipped(step: StepDefinition, running: Running) -> str:
    level = running.level
    if level.status != "success" and calls_no_status(step.condition or ""):
        return "an earlier step failed" if level.status == "failure" else "the job was cancelled"
    if step.condition:
        return f"its condition is false: {' '.join(step.condition.split())}{about_texts(step.condition, running.contexts)}"
    return "an earlier step failed" if level.status == "failure" else "the job was cancelled"


def _fail_template(job: RunningJob, step: StepDefinition, error: ExpressionError | StepError) -> None:
    job.fail(f"The template is not valid. {step.file} (Line: {step.line}): {error.message}")


def _perform(job: RunningJob, running: Running) -> Outcome:
    """Run the step and return its outcome."""
    if not running.level.depth:
        job.setting.progress(running.result.name, running.definition, None)
    files = Files(job.folders.temp)
    running.contexts["github"] = _with_files(running, files)
    extra = {"GITHUB_ACTION": _action_id(running.definition)}
    if path := _github(running).get("action_path"):
        extra["GITHUB_ACTION_PATH"] = str(path)
    running.environment = environment(job, running.env, files.variables, extra)
    job.look()
    job.commands.echo = False
    try:
        running.deadline = _deadline(job, running)
        run_script(job) if running.definition.run is not None else use_action(job, run_level)
    except (StepError, RunbookError) as error:
        running.result.page = error.page
        job.fail(error.message)
    except ExpressionError as error:
        _fail_template(job, running.definition, error)
    except NotHereError as error:
        running.lacking.append((running.definition.uses or "the step", str(error)))
        running.absent = True
    except TimeOver:
        return _time_over(job, running)
    finally:
        files.process(job)
    return _outcome(job, running)


def _github(running: Running) -> dict[str, Value]:
    github = running.contexts["github"]
    return github if isinstance(github, dict) else {}


def _with_files(running: Running, files: Files) -> dict[str, Value]:
    return {**_github(running), "action": _action_id(running.definition), **{name: str(place) for name, place in files.places.items()}}


def _action_id(step: StepDefinition) -> str:
    made_up = "__run" if step.uses is None else "__" + step.uses.partition("@")[0].replace("/", "_").lstrip("._")
    return step.id or made_up


def _deadline(job: RunningJob, running: Running) -> float | None:
    minutes = _minutes(job, running)
    return time.monotonic() + minutes * job.setting.minute if minutes > 0 else None


def _minutes(job: RunningJob, running: Running) -> int:
    """Return the step's `timeout-minutes`, whole as the runner takes them, 0 for none."""
    if not (written := running.definition.timeout_minutes):
        return 0
    value = interpolate(written, running.contexts, functions(job, running.level))
    try:
        return int(float(str(value)))
    except (ValueError, OverflowError):
        job.annotate(Annotation("error", "An error occurred when attempting to determine the step timeout."))
        return 0


def _time_over(job: RunningJob, running: Running) -> Outcome:
    now = time.monotonic()
    if job.deadline is not None and now >= job.deadline:
        job.cancel()
        job.fail(CANCELLED)
        return "cancelled"
    if running.deadline is None or now < running.deadline:
        # The time of the step that uses this action is over: it says so.
        raise TimeOver
    job.fail(f"The action '{running.name}' has timed out after {_minutes(job, running)} minutes.")
    return "failure"


def _outcome(job: RunningJob, running: Running) -> Outcome:
    """Return what the step came to, when it ended by itself."""
    called = job.image.called()
    for name, reason in [*running.lacking, *called]:
        job.say(f"Not rehearsed: {name}: {reason}")
        # A step that went well without a command that is only missing did not need it: pip asks a rustc for its version.
        needed = running.failed or (name, reason) in running.lacking or name in REFUSED
        job.not_rehearsed(name, reason, essential=needed)
    if running.absent or (running.failed and called):
        # What a runner would have done is not known, so the job goes on.
        running.reasons = [reason for _, reason in [*running.lacking, *called]]
        return "not-rehearsed"
    return "failure" if running.failed else "success"


def _finish(job: RunningJob, running: Running, outcome: Outcome) -> None:
    """Say what became of the step, to the steps that follow and in the results."""
    result = outcome
    if outcome == "failure" and _may_fail(job, running):
        result = "success"
    level = running.level
    if result == "failure":
        level.status = "failure" if level.status == "success" else level.status
        level.reasons += running.reasons
    if identity := running.definition.id:
        shown = {"success": "success", "not-rehearsed": "success"}
        outputs: dict[str, Value] = dict(running.outputs)
        level.steps[identity] = {"outputs": outputs, "outcome": shown.get(outcome, outcome), "conclusion": shown.get(result, result)}
    if not level.depth:
        running.result.result, running.result.outcome = result, outcome
        running.result.outputs = {name: job.masks.hide(value) for name, value in running.outputs.items()}
        running.result.reason = job.masks.hide("; ".join(running.reasons[:1])) or running.result.reason


def _may_fail(job: RunningJob, running: Running) -> bool:
    written = running.definition.continue_on_error
    if not written:
        return False
    try:
        value = interpolate(written, running.contexts, functions(job, running.level))
    except ExpressionError as error:
        _fail_template(job, running.definition, error)
        return False
    return value == "true" if isinstance(value, str) else truthy(value) is True
