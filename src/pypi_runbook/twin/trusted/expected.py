"""Which publishers an index should know, by what the project's files say; the guide's forms show the same values."""

from __future__ import annotations

from pathlib import PurePosixPath

from pypi_runbook.project import Facts, Job, Workflow
from pypi_runbook.project.published import main_distribution, published_by
from pypi_runbook.twin.trusted.publishers import Publisher


def expected_publisher(facts: Facts, index: str) -> Publisher | None:
    """Return the publisher for the job that uploads to INDEX, `pypi` or `testpypi`; None when the files name no repository or no job."""
    found = publishing_job(facts, index)
    if not found or not facts.repository.owner or not facts.repository.name:
        return None
    workflow, job = found
    return Publisher(facts.repository.owner, facts.repository.name, PurePosixPath(workflow.file).name, job.environment or "")


def expected_project(facts: Facts, index: str) -> str | None:
    """Return the name of the project that the job which uploads to INDEX publishes; without such a job, the repository's main one."""
    found = publishing_job(facts, index)
    return (published_by(facts, *found)[0] if found else main_distribution(facts)).name


def publishing_job(facts: Facts, index: str) -> tuple[Workflow, Job] | None:
    """Return the job that uploads to INDEX with its workflow; rather one that uploads nowhere else."""
    jobs = [(workflow, job) for workflow in facts.workflows for job in workflow.jobs if any(publish.index == index for publish in job.publishes)]
    return min(jobs, key=lambda pair: len({publish.index for publish in pair[1].publishes}), default=None)
