"""What the indexes' forms for a trusted publisher must say, as the workflow that is there will prove it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import PurePosixPath

from pypi_runbook.project import Facts, Job, Workflow
from pypi_runbook.project.indexes import INDEXES
from pypi_runbook.project.published import published_by

UNKNOWN = "unknown: no remote and no link says it"


@dataclass(frozen=True)
class Publisher:
    """One form: where it is, and what stands in its fields; None is a field that the files do not say, or that stays empty.

    environment: empty on the form when it is None here; pending_url: the form before the first release, url: the one after it.
    """

    index: str
    project: str | None
    owner: str | None
    repository: str | None
    workflow: str
    environment: str | None
    url: str
    pending_url: str

    def as_json(self) -> dict[str, str | None]:
        """Return the form as `--json` prints it."""
        return asdict(self)

    def __str__(self) -> str:
        fields = {
            "PyPI Project Name (new projects only)": self.project,
            "Owner": self.owner,
            "Repository name": self.repository,
            "Workflow name": self.workflow,
            "Environment name": self.environment,
        }
        absent = {"Environment name": "(empty)"}
        # In quotes, so that a space at an end is visible.
        lines = [f"  {label}: {repr(value) if value else absent.get(label, UNKNOWN)}" for label, value in fields.items()]
        return "\n".join([f"{INDEXES[self.index].title}: {self.url}", *lines])


def publishers(facts: Facts) -> list[Publisher]:
    """Return the form for each distribution that a job publishes to an index without a token; PyPI's before TestPyPI's."""
    found = [
        form(facts, workflow, job, upload.index, project.name)
        for index in INDEXES
        for workflow in facts.workflows
        for job in workflow.jobs
        for upload in job.publishes
        if upload.index == index and upload.auth == "trusted-publishing"
        for project in published_by(facts, workflow, job)
    ]
    return list(dict.fromkeys(found))


def form(facts: Facts, workflow: Workflow, job: Job, index: str, name: str | None) -> Publisher:
    """Return the form of INDEX for JOB of WORKFLOW, which publishes the project NAME."""
    site, repository = INDEXES[index], facts.repository
    url = f"{site.url}/manage/project/{name}/settings/publishing/" if name else f"{site.url}/manage/projects/"
    file = PurePosixPath(workflow.file).name
    return Publisher(index, name, repository.owner, repository.name, file, job.environment, url, f"{site.url}/manage/account/publishing/")
