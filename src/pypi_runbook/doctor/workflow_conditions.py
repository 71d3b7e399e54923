"""Conditions that do not mean what they say: a text that is taken for a boolean, which makes an upload happen always or never."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.workflow_view import JobView, StepView, WorkflowView, publishing_workflows
from pypi_runbook.finding import Finding
from pypi_runbook.project.expressions import UNKNOWN, Open, Scope, Value, taken_for_booleans
from pypi_runbook.project.expressions.scope import CONTEXTS
from pypi_runbook.project.publishing import expand
from pypi_runbook.project.routes.answers import GOING_WELL, Answer, holds

PAGE = "troubleshooting/not-on-the-index.md"
BOOLEAN = {"true", "false"}
OUTPUT = re.compile(r"(?:needs\.(?P<job>[\w-]+)|steps\.(?P<step>[\w-]+))\.outputs\.(?P<name>[\w-]+)", re.IGNORECASE)
# What else is always text, whatever its type was where it was given.
TEXT = re.compile(r"env\.[\w-]+|github\.event\.inputs\.[\w-]+", re.IGNORECASE)


def check_texts_as_booleans(checkup: Checkup) -> Iterator[Finding]:
    """Find conditions of publishing workflows that take the texts 'true' and 'false' for booleans."""
    for view in publishing_workflows(checkup):
        for job in view.jobs.values():
            yield from of_condition(view, job, None, job.job.condition or "", job.line("if"))
            for step in job.steps:
                yield from of_condition(view, job, step, step.step.condition or "", step.line("if"))


def of_condition(view: WorkflowView, job: JobView, step: StepView | None, text: str, line: int) -> Iterator[Finding]:
    """Yield the finding for each name in the `if:` TEXT of STEP, or of JOB, that can be the text 'false'."""
    for name in taken_for_booleans(text):
        values = texts_of(view, job, name)
        if values and "false" in values and values <= BOOLEAN | {""}:
            uploads = bool(job.uploads) if step is None else any(job.step_of(upload) == step for upload in job.uploads)
            what = f"job {job.job.id}" if step is None else f"the step “{called(step)}” of job {job.job.id}"
            answer = constant(text, name, values)
            means = "" if answer is None else f", so {what} {'always' if answer else 'never'} runs"
            message = f"{name} is a text, and the text 'false' counts as true and equals no boolean{means}: {' '.join(text.split())}"
            severity = "error" if uploads and answer is False else "warning"
            negated = re.search(rf"!\s*{re.escape(name)}", text)
            fix = f"compare it with a text: `{name} {'!=' if negated else '=='} 'true'`"
            yield view.finding("text-taken-for-boolean", severity, message, line, fix, PAGE)


def called(step: StepView) -> str:
    """Return what GitHub calls STEP when nothing in its name is an expression."""
    return step.step.name or step.step.uses or step.script.strip().partition("\n")[0]


def constant(text: str, name: str, values: set[str]) -> Answer:
    """Return what the `if:` TEXT comes to with any of VALUES for NAME, None when they make a difference or a run decides."""
    first, *rest = name.split(".")
    answers = set()
    for value in values:
        table: Value = value
        for key in reversed(rest):
            table = Open({key: table})
        known_then: dict[str, Value] = dict.fromkeys(CONTEXTS, UNKNOWN)
        answers.add(holds(text, known_then | {first: table}, GOING_WELL))
    return answers.pop() if len(answers) == 1 else None


def texts_of(view: WorkflowView, job: JobView, name: str) -> set[str] | None:
    """Return every text that NAME can be in JOB, None when the file does not say or it is no text."""
    if TEXT.fullmatch(name):
        return known(Scope.of(view.raw, job.raw).values(f"${{{{ {name} }}}}"))
    found = OUTPUT.fullmatch(name)
    if not found:
        return None
    if found["step"]:
        return written(view, job, found["step"], found["name"])
    maker = next((each for id_, each in view.jobs.items() if id_.lower() == found["job"].lower()), None)
    outputs = maker.raw.get("outputs") if maker else None
    text = outputs.get(found["name"]) if isinstance(outputs, dict) else None
    return of_output(view, maker, str(text)) if maker and text is not None else None


def of_output(view: WorkflowView, job: JobView, text: str) -> set[str] | None:
    """Return every text that the output TEXT of JOB can be."""
    passed_on = re.fullmatch(r"\s*\$\{\{\s*steps\.([\w-]+)\.outputs\.([\w-]+)\s*\}\}\s*", text)
    return written(view, job, passed_on[1], passed_on[2]) if passed_on else known(Scope.of(view.raw, job.raw).values(text))


def written(view: WorkflowView, job: JobView, step_id: str, name: str) -> set[str] | None:
    """Return every text that the commands of the step STEP_ID of JOB write as the output NAME."""
    step = next((each for each in job.steps if (each.step.id or "").lower() == step_id.lower()), None)
    if step is None or not step.script:
        return None
    scope = Scope.of(view.raw, job.raw).with_env(step.step.env)
    texts = re.findall(rf"(?<![\w-]){re.escape(name)}=(\$\{{\{{.*?\}}\}}|[^\s\"'|&;>)]*)", step.script)
    found = [known(scope.values(expand(text, scope.env))) for text in texts]
    return None if not found or None in found else set().union(*(each for each in found if each))


def known(values: list[str] | None) -> set[str] | None:
    """Return VALUES as a set, None when one of them is left to the shell."""
    return None if values is None or any("$" in value or "`" in value for value in values) else set(values)
