"""Which job of a publishing workflow does what, found by what the jobs do and never by their names."""

from __future__ import annotations

import re
from typing import Any

from pypi_runbook.project.facts import Facts, Job, Step, Workflow

BUILDS = re.compile(
    r"\b(?:poetry|uv|hatch|flit|pdm) build\b|-m build\b|\bpyproject-build\b|\bpypi-runbook build\b|(?:^|[\s/])scripts/build\b|\bmaturin build\b"
)
BUILD_ACTIONS = ("hynek/build-and-inspect-python-package", "pypa/cibuildwheel", "pyo3/maturin-action")
ROLES = {
    "build": "has no job that builds",
    "pypi": "has no job that publishes to PyPI",
    "testpypi": "has no job that publishes to TestPyPI",
    "notes": "has no job that runs after publishing to PyPI",
}
INPUT = re.compile(r"\binputs\.([\w-]+)")


def publishing_workflow(facts: Facts) -> Workflow | None:
    """Return the workflow that publishes to PyPI, else one that publishes to TestPyPI or another index."""
    for wanted in ({"pypi"}, {"testpypi"}, None):
        for workflow in facts.workflows:
            found = {publish.index for job in workflow.jobs for publish in job.publishes}
            if found & wanted if wanted else found:
                return workflow
    return None


def find(workflow: Workflow) -> dict[str, Job]:
    """Return the jobs of WORKFLOW by role; a role that no job has is left out."""
    pypi, testpypi = (publisher(workflow, index) for index in ("pypi", "testpypi"))
    first = pypi or testpypi
    jobs = {"build": builder(workflow, first), "pypi": pypi, "testpypi": testpypi, "notes": follower(workflow, pypi)}
    return {role: job for role, job in jobs.items() if job}


def publisher(workflow: Workflow, index: str) -> Job | None:
    """Return the job that uploads to INDEX and to no other, else one that uploads there too."""
    jobs = [job for job in workflow.jobs if any(publish.index == index for publish in job.publishes)]
    return min(jobs, key=lambda job: len({publish.index for publish in job.publishes}), default=None)


def builder(workflow: Workflow, publishing: Job | None) -> Job | None:
    """Return the job that builds what PUBLISHING uploads: one before it, or itself."""
    if publishing is None:
        return None
    before = ancestors(workflow, publishing)
    return next((job for job in [*before, publishing] if any(builds(step) for step in job.steps)), before[-1] if before else None)


def builds(step: Step) -> bool:
    """Say whether STEP builds a distribution."""
    return bool(step.run and BUILDS.search(step.run)) or (step.uses or "").split("@")[0] in BUILD_ACTIONS


def ancestors(workflow: Workflow, job: Job) -> list[Job]:
    """Return the jobs that must succeed before JOB, the nearest first."""
    by_id = {other.id: other for other in workflow.jobs}
    found: dict[str, Job] = {}
    waiting = list(job.needs)
    while waiting:
        needed = waiting.pop(0)
        if needed in by_id and needed not in found:
            found[needed] = by_id[needed]
            waiting += by_id[needed].needs
    return list(found.values())


def follower(workflow: Workflow, pypi: Job | None) -> Job | None:
    """Return a job that waits for PYPI and uploads nothing."""
    return next((job for job in workflow.jobs if pypi and not job.publishes and pypi in ancestors(workflow, job)), None)


def testpypi_input(workflow: Workflow) -> tuple[str, dict[str, Any]] | None:
    """Return name and definition of the dispatch input that the job for TestPyPI asks for."""
    job = publisher(workflow, "testpypi")
    inputs = {name: body for trigger in workflow.triggers if trigger.event == "workflow_dispatch" for name, body in trigger.inputs.items()}
    asked = INPUT.findall(job.condition or "") if job else []
    return next(((name, inputs[name]) for name in asked if name in inputs), None)


def testpypi_label(workflow: Workflow) -> str | None:
    """Return what GitHub's form writes beside that input: its description, else its name."""
    found = testpypi_input(workflow)
    return str(found[1].get("description") or found[0]) if found else None
