"""What the real files say, as frozen values; `Facts.as_json()` is the document that `show --json` prints."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Unknown:
    """A value that is null in the JSON: where it would stand, and why nobody can tell without running something."""

    path: str
    reason: str


@dataclass(frozen=True)
class Distribution:
    """One thing that an index would list, as its metadata file describes it.

    file: the metadata file, relative to the root.
    lines, spans: where each field stands in that file, by field name; a span is first and last line.
    """

    name: str | None
    version: str | None
    version_dynamic: bool
    backend: str | None
    license: str | None
    requires_python: str | None
    description: str | None
    authors: list[str]
    keywords: list[str]
    classifiers: list[str]
    readme: str | None
    urls: dict[str, str]
    import_names: list[str]
    dependencies: list[str]
    file: str
    lines: dict[str, int] = field(default_factory=dict)
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Repository:
    """Where the project lives: owner and name as GitHub spells them, and the branch that releases come from."""

    owner: str | None
    name: str | None
    url: str | None
    default_branch: str | None


@dataclass(frozen=True)
class Trigger:
    """One event that starts a workflow, with the filters that this project uses; `workflows` are those that a `workflow_run` follows."""

    event: str
    types: list[str]
    branches: list[str]
    tags: list[str]
    inputs: dict[str, dict[str, Any]]
    branches_ignore: list[str]
    tags_ignore: list[str]
    crons: list[str]
    workflows: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Publish:
    """An upload that a job does: to which index (null when only a run can tell), with which client, proving who it is how, and in
    which environment, which is the job's unless that differs from one run to another.
    """

    index: str | None
    client: str
    auth: str
    line: int
    environment: str | None = None


@dataclass(frozen=True)
class Step:
    """One step of a job; `env` is what the step itself sets, `inputs` is what `with:` gives to the action."""

    name: str | None
    id: str | None
    uses: str | None
    run: str | None
    inputs: dict[str, str]
    env: dict[str, str]
    condition: str | None
    shell: str | None
    working_directory: str | None
    line: int
    end_line: int


@dataclass(frozen=True)
class Job:
    """One job of a workflow; lines are those of its key and of its last line in the file."""

    id: str
    name: str
    line: int
    end_line: int
    needs: list[str]
    environment: str | None
    environment_url: str | None
    id_token: str | None
    python_versions: list[str]
    publishes: list[Publish]
    steps: list[Step]
    condition: str | None
    calls: str | None


@dataclass(frozen=True)
class Workflow:
    """One file of `.github/workflows/`."""

    file: str
    name: str
    line: int
    triggers: list[Trigger]
    jobs: list[Job]


@dataclass(frozen=True)
class Facts:
    """Everything that the files of one repository say about its publishing."""

    root: Path
    project: Distribution
    projects: list[Distribution]
    repository: Repository
    workflows: list[Workflow]
    unknown: list[Unknown]

    @property
    def publishing(self) -> dict[str, list[dict[str, str | None]]]:
        """Return the jobs that upload to each index, found by what they do."""
        found: dict[str, list[dict[str, str | None]]] = {"pypi": [], "testpypi": []}
        for workflow in self.workflows:
            for job in workflow.jobs:
                for index, environment in dict.fromkeys((upload.index, upload.environment) for upload in job.publishes):
                    entry = {"workflow": workflow.file, "job": job.id, "environment": environment}
                    found.setdefault(index or "unknown", []).append(entry)
        return found

    def as_json(self) -> dict[str, Any]:
        """Return the document of `show --json`."""
        return {
            "schema": 1,
            "project": self.distribution_json(self.project, "project"),
            "projects": [self.distribution_json(project, f"projects[{index}]") for index, project in enumerate(self.projects)],
            "repository": vars(self.repository) | {},
            "workflows": [workflow_json(workflow) for workflow in self.workflows],
            "publishing": self.publishing,
            "unknown": [vars(unknown) | {} for unknown in self.unknown],
        }

    def distribution_json(self, project: Distribution, place: str) -> dict[str, Any]:
        """Return what a program may rely on, null for whatever is unknown; places in the file stay inside the library."""
        open_ = {item.path.removeprefix(f"{place}.") for item in self.unknown if item.path.startswith(f"{place}.")}
        kept = {key: value for key, value in vars(project).items() if key not in ("lines", "spans")}
        return {key: None if key in open_ else value for key, value in kept.items()}


def workflow_json(workflow: Workflow) -> dict[str, Any]:
    """Return WORKFLOW without its steps, which are for the library's own use."""
    triggers = [vars(trigger) | {} for trigger in workflow.triggers]
    return vars(workflow) | {"triggers": triggers, "jobs": [job_json(job) for job in workflow.jobs]}


def job_json(job: Job) -> dict[str, Any]:
    """Return JOB without its steps."""
    uploads = [vars(upload) | {} for upload in job.publishes]
    return {key: value for key, value in vars(job).items() if key != "steps"} | {"publishes": uploads}
