"""Checks that run only once a tag is public: steps and jobs before an upload which no other way to start anything runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pypi_runbook.project.facts import Job, Step
from pypi_runbook.project.routes.answers import Answer, both, step_runs
from pypi_runbook.project.routes.routing import Route

# What a step is called, or does, when it is there to fail.
GATE = re.compile(
    r"\b(requir|check|verif|validat|ensur|compar|assert|test|lint|guard|confirm|must)\w*|\bexit 1\b|\bgrep -\w*q|\bsys\.exit\b|\braise\b",
    re.IGNORECASE,
)
TOOL = re.compile(r"\b(pytest|tox|nox|unittest|pre-commit|ruff|mypy|pyright|flake8|pylint|black|coverage)\b")


def late_gates(route: Route, every: list[Route]) -> Iterator[tuple[Job, Step]]:
    """Yield each step before the uploads of ROUTE, a pushed tag's, that checks something which none of EVERY other route checks before a tag."""
    others = [other for other in every if not other.way.on_tag]
    known = {tool for other in others for tool in tools_of(other)}
    for job, step in before_upload(route):
        text = f"{step.name or ''}\n{step.run or ''}"
        if not step.run or not step_runs(step, route.way.contexts) or any(happens(other, route, job, step) is not False for other in others):
            continue
        guarded = bool((step.condition or job.condition) and GATE.search(text))
        tested = set(TOOL.findall(step.run))
        if (guarded and not tested) or (tested and not tested & known):
            yield job, step


def before_upload(route: Route) -> Iterator[tuple[Job, Step]]:
    """Yield the steps that run before the first upload of ROUTE, in the job that does it and in those that it waits for."""
    by_id = {job.id: job for job in route.workflow.jobs}
    uploading = next(upload for upload in route.uploads if upload.answer)
    seen, waiting = dict[str, Job](), [uploading.caller.id]
    while waiting:
        name = waiting.pop(0)
        if name in by_id and name not in seen and route.jobs.get(name):
            seen[name] = by_id[name]
            waiting += by_id[name].needs
    for job in seen.values():
        last = min((upload.line for upload in job.publishes), default=job.end_line + 1)
        yield from ((job, step) for step in job.steps if step.line < last)


def happens(other: Route, route: Route, job: Job, step: Step) -> Answer:
    """Say whether OTHER runs STEP of JOB, a job of ROUTE's workflow."""
    if other.workflow.file != route.workflow.file:
        return False
    return both(other.jobs.get(job.id), step_runs(step, other.way.contexts))


def tools_of(route: Route) -> set[str]:
    """Return the testing tools that the jobs of ROUTE call."""
    running = (job for job in route.workflow.jobs if route.jobs.get(job.id) is not False)
    return {
        tool for job in running for step in job.steps if step_runs(step, route.way.contexts) is not False for tool in TOOL.findall(step.run or "")
    }
