"""Everything that a rehearsal does but for the steps themselves: reading, choosing, the event, conditions, matrices, calls and names."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.project import Facts, read_project
from pypi_runbook.project.expressions import ExpressionError, as_text, interpolate
from pypi_runbook.rehearsal.called import Callees, Level
from pypi_runbook.rehearsal.choosing import choose_workflow, pushes_tags, starts
from pypi_runbook.rehearsal.definition import JobDefinition, WorkflowDefinition
from pypi_runbook.rehearsal.inputs import read_inputs
from pypi_runbook.rehearsal.machine import Machine
from pypi_runbook.rehearsal.payload import dispatch_event, person, repository_of
from pypi_runbook.rehearsal.reading import read_workflow
from pypi_runbook.rehearsal.results import JobResult, Report
from pypi_runbook.rehearsal.run import Run
from pypi_runbook.rehearsal.runner import Runner, SharedWorld
from pypi_runbook.rehearsal.speaker import Speaker
from pypi_runbook.rehearsal.telling import as_json, in_words
from pypi_runbook.rehearsal.visibility import Visibility
from pypi_runbook.twin.trusted.jobs import Started, job_claims

SHA = "a" * 40


def nobody(action: str, **_: Any) -> dict[str, Any]:
    """Be the twin of a rehearsal that starts no command."""
    raise AssertionError(f"nothing may ask for {action} before a job's steps")


class WithoutSteps(Runner):
    """Does all that is done around a job's steps."""

    def steps(self, job: JobDefinition, result: JobResult, *_: Any) -> None:
        """Let the steps be over."""
        result.outputs = dict(job.outputs)


def plan(root: Path, event: str, file: str | None, scratch: Path) -> dict[str, Any]:
    """Return the document of a rehearsal of EVENT of the workflow FILE in ROOT whose steps do nothing; RunbookError as the command has it."""
    facts = read_project(root)
    workflow = choose_workflow(facts, event, file)
    definition = read_workflow(root / workflow.file, root)
    tagged = event == "release" or (event == "push" and pushes_tags(workflow))
    ref = "refs/tags/1.0.0" if tagged else "refs/heads/main"
    report = Report(event, ref, workflow.file, SHA)
    paths = ["src/a.py", ".github/workflows/" + "a" * 200]
    with contextlib.suppress(NotStartedError):
        for started, action in ways(definition, event, ref, paths):
            run(facts, definition, Started("octo/thing", started, ref, SHA, definition.name, definition.file, "1"), action, report, scratch)
    in_words(report)
    return as_json(report)


class NotStartedError(Exception):
    """GitHub does not start the workflow; status 1 and not 2, since the request was understood."""


def ways(definition: WorkflowDefinition, event: str, ref: str, paths: list[str]) -> list[tuple[str, str]]:
    """Return the starts of DEFINITION."""
    try:
        return starts(definition, event, ref, paths, prerelease=False)
    except RunbookError as error:
        if error.status == 1:
            raise NotStartedError from error
        raise


def run(facts: Facts, definition: WorkflowDefinition, started: Started, action: str, report: Report, scratch: Path) -> None:
    """Run the jobs of DEFINITION into REPORT, as `rehearse` does."""
    declared = definition.triggers.get("workflow_dispatch", {}).get("inputs") or {}
    inputs = read_inputs(declared, {}, definition.file, 1) if started.event == "workflow_dispatch" else {}
    claims = job_claims(started, "", started.file, "")
    event = {"repository": repository_of(claims, "main"), "sender": person(claims), "action": action, **dispatch_event(started.ref, "", inputs)}
    machine = Machine(nobody, list, lambda *_: {}, [])
    world = SharedWorld(event, started.repository, scratch, scratch, facts.root, machine)
    runner = WithoutSteps(started, world, scratch, report, Speaker(lambda _: None), Visibility(scratch))
    whole = Run(runner, Callees({}, scratch), report)
    level = Level(definition, facts.root, definition.file, inputs, {})
    whole.check(level)
    with contextlib.suppress(ExpressionError):
        as_text(interpolate(definition.concurrency, whole.start(level)))
    whole.workflow(level)
