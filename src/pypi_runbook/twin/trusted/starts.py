"""Which jobs a repository's workflow files can start, those of called workflows included, and which one a person means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from ruamel.yaml.comments import CommentedMap

from pypi_runbook.errors import RunbookError
from pypi_runbook.project import Facts, Job, Workflow
from pypi_runbook.project.workflows import mapping
from pypi_runbook.project.yaml import line_of, read_yaml

PAGE = "reference/commands.md#pypi-runbook-twin"
FORKED, TARGET = "pull_request", "pull_request_target"


@dataclass(frozen=True)
class Start:
    """A job, the workflow that an event starts, and how one leads to the other.

    job: as its file describes it; of a called workflow in another repository only the calling job is known.
    file: where it stands: a path of this repository, or `owner/repository/path@ref` of another.
    caller: the job that calls the file, when the event does not start it itself.
    may_ask: whether its permissions let it ask for an identity token.
    """

    workflow: Workflow
    job: Job
    file: str
    caller: Job | None
    may_ask: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The names by which a person may mean it."""
        return (self.job.id, f"{self.caller.id}/{self.job.id}") if self.caller else (self.job.id,)

    @property
    def events(self) -> list[str]:
        """The events that start it."""
        return [trigger.event for trigger in self.workflow.triggers if trigger.event != "workflow_call"]


def find_start(facts: Facts, job: str, event: str, workflow: str | None) -> Start:
    """Return the job that JOB, EVENT and WORKFLOW (a file's name, needed where several have that job) mean; RunbookError with the choices."""
    starts = [start for start in all_starts(facts) if workflow is None or workflow in (start.workflow.file, PurePosixPath(start.workflow.file).name)]
    if not starts:
        there = ", ".join(PurePosixPath(each.file).name for each in facts.workflows) or "none"
        message = f"there is no workflow {workflow}" if workflow else "no workflow of this repository has a job that an event starts"
        raise RunbookError("no-such-workflow", message, ".github/workflows", next=f"workflows: {there}", page=PAGE)
    named = [start for start in starts if job in start.names]
    if not named:
        raise _no_job(starts, job)
    fitting = [start for start in named if event in start.events]
    if not fitting:
        raise _no_event(facts, named[0], event)
    files = list(dict.fromkeys(start.workflow.file for start in fitting))
    if len(files) > 1:
        # A job of that name that uploads is meant rather than one that does not.
        publishing = list(dict.fromkeys(start.workflow.file for start in fitting if start.job.publishes))
        if len(publishing) != 1:
            raise RunbookError("which-workflow", f"the job {job} stands in {' and '.join(files)}", next="say which with --workflow FILE", page=PAGE)
        fitting = [start for start in fitting if start.workflow.file == publishing[0]]
    return next((start for start in fitting if start.job.publishes), fitting[0])


def all_starts(facts: Facts) -> Iterator[Start]:
    """Yield every job that an event starts; one of a called workflow once for each job that calls it."""
    by_file = {workflow.file: workflow for workflow in facts.workflows}
    for workflow in facts.workflows:
        if not any(trigger.event != "workflow_call" for trigger in workflow.triggers):
            continue
        for job in workflow.jobs:
            called = by_file.get(job.calls.removeprefix("./")) if job.calls else None
            if called:
                yield from (Start(workflow, inner, called.file, job, _inherits(facts, job, called, inner)) for inner in called.jobs)
            else:
                yield Start(workflow, job, job.calls or workflow.file, None, job.id_token is not None)


def _inherits(facts: Facts, caller: Job, called: Workflow, job: Job) -> bool:
    """Tell whether a called job may ask: it gets at most what its caller has, and all of it where its file does not speak of permissions."""
    if caller.id_token is None:
        return False
    data = mapping(read_yaml(facts.root / called.file, facts.root))
    body = mapping(mapping(data.get("jobs")).get(job.id))
    return job.id_token is not None or not ("permissions" in data or "permissions" in body)


def _no_job(starts: list[Start], job: str) -> RunbookError:
    by_file: dict[str, list[str]] = {}
    for start in starts:
        by_file.setdefault(start.workflow.file, []).append(start.names[-1])
    file = next((start.workflow.file for start in starts if start.job.publishes), starts[0].workflow.file)
    choices = "; ".join(f"{PurePosixPath(name).name} has {', '.join(ids)}" for name, ids in by_file.items())
    line = next(start.job.line for start in starts if start.workflow.file == file)
    return RunbookError("no-such-job", f"no workflow has a job {job}", file, line, next=f"choose a job: {choices}", page=PAGE)


def _no_event(facts: Facts, start: Start, event: str) -> RunbookError:
    data = read_yaml(facts.root / start.workflow.file, facts.root)
    line = line_of(data, "on") if isinstance(data, CommentedMap) and "on" in data else start.workflow.line
    message = f"the event {event} does not start this workflow"
    return RunbookError("no-such-event", message, start.workflow.file, line, next=f"choose an event: {', '.join(start.events)}", page=PAGE)
