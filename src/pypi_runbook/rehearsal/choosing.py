"""Which workflow is rehearsed, and which of its starts an event means."""

from __future__ import annotations

from pathlib import PurePosixPath

from pypi_runbook.errors import RunbookError
from pypi_runbook.project import Facts, Workflow
from pypi_runbook.project.routes import warnings
from pypi_runbook.rehearsal.definition import WorkflowDefinition
from pypi_runbook.rehearsal.filters import reason_against
from pypi_runbook.twin.trusted.starts import all_starts

EVENTS = ("release", "push", "workflow_dispatch")
PAGE = "publishing/rehearsal.md"
NOT_STARTED = "troubleshooting/workflow-does-not-start.md"


def choose_workflow(facts: Facts, event: str, asked: str | None) -> Workflow:
    """Return the workflow that publishes on EVENT, or the one that is ASKED for; RunbookError that names the others."""
    if asked:
        return named(facts, asked)
    publishing = [start for start in all_starts(facts) if start.job.publishes]
    files = list(dict.fromkeys(start.workflow.file for start in publishing if event in start.events))
    if len(files) > 1:
        raise RunbookError("which-workflow", f"{' and '.join(files)} publish on {event}", next="say which with --workflow FILE", page=PAGE)
    if files:
        return named(facts, files[0])
    if not publishing:
        there = ", ".join(workflow.file for workflow in facts.workflows) or "there is none in .github/workflows"
        raise RunbookError("no-such-workflow", "no workflow of this repository publishes", next=f"choose with --workflow FILE: {there}", page=PAGE)
    raise no_event(facts, publishing[0].workflow, event)


def named(facts: Facts, name: str) -> Workflow:
    """Return the workflow whose file is called NAME, with or without its folder."""
    for workflow in facts.workflows:
        if name.removeprefix("./") in (workflow.file, PurePosixPath(workflow.file).name):
            return workflow
    there = ", ".join(PurePosixPath(workflow.file).name for workflow in facts.workflows) or "none"
    raise RunbookError("no-such-workflow", f"there is no workflow {name}", ".github/workflows", next=f"workflows: {there}", page=PAGE)


def no_event(facts: Facts, workflow: Workflow, event: str) -> RunbookError:
    """Return the error for an EVENT that WORKFLOW's `on:` does not name."""
    there = [trigger.event for trigger in workflow.triggers if trigger.event in EVENTS]
    followed = ", ".join(name for trigger in workflow.triggers for name in trigger.workflows)
    if followed and not there:
        lost = next((each for each in warnings(facts) if each.id == "tag-lost-by-workflow-run" and each.file == workflow.file), None)
        message = f"the event {event} does not start this workflow; it follows {followed} by `workflow_run`, which cannot be rehearsed"
        line, next_ = (lost.line, lost.fix) if lost else (workflow.line, "rehearse the workflow that it follows with --workflow FILE")
        return RunbookError("no-such-event", f"{message}; {lost.message}" if lost else message, workflow.file, line, next_, NOT_STARTED)
    next_ = f"choose an event: {', '.join(there)}" if there else f"add the event to `on:`, or choose from {', '.join(EVENTS)}"
    return RunbookError("no-such-event", f"the event {event} does not start this workflow", workflow.file, workflow.line, next_, NOT_STARTED)


def pushes_tags(workflow: Workflow) -> bool:
    """Tell whether only the push of a tag starts WORKFLOW."""
    pushes = [trigger for trigger in workflow.triggers if trigger.event == "push"]
    return any((push.tags or push.tags_ignore) and not (push.branches or push.branches_ignore) for push in pushes)


def starts(workflow: WorkflowDefinition, event: str, ref: str, changed: list[str], *, prerelease: bool) -> list[tuple[str, str]]:
    """Return each event and activity by which GitHub starts WORKFLOW, first the one that is meant; RunbookError when there is none.

    One release that is published starts several activities, and its new tag is a push too: a workflow that names more runs more than once.
    """
    if event not in workflow.triggers:
        line = min(workflow.lines.values(), default=1)
        message = f"the event {event} does not start this workflow"
        raise RunbookError("no-such-event", message, workflow.file, line, f"choose an event: {', '.join(workflow.triggers)}", NOT_STARTED)
    activities = ("published", "prereleased" if prerelease else "released", "created") if event == "release" else ("",)
    wanted = [(event, activity) for activity in activities]
    wanted += [("push", "")] if event == "release" and "push" in workflow.triggers else []
    against = {each: reason_against(workflow.triggers[each[0]], each[0], action=each[1], ref=ref, changed=changed) for each in wanted}
    if all(against[each] for each in wanted if each[0] == event):
        message = f"GitHub does not start this workflow: {against[wanted[0]]}"
        line = workflow.lines.get(event, 1)
        raise RunbookError("does-not-start", message, workflow.file, line, "change `on:`, or rehearse what it names", NOT_STARTED, status=1)
    return [each for each in wanted if not against[each]]
