"""Whether an event lets a job run, and in which environment, worked out from the job's `if:` and from expressions."""

from __future__ import annotations

from ruamel.yaml.comments import CommentedMap

from pypi_runbook.errors import RunbookError
from pypi_runbook.project import Facts, Job, Workflow
from pypi_runbook.project.expressions import UNKNOWN, Open, Value
from pypi_runbook.project.routes import contexts_of, environment_in, uploads_in, ways
from pypi_runbook.project.routes.answers import Jobs
from pypi_runbook.project.workflows import mapping
from pypi_runbook.project.yaml import line_of, read_yaml
from pypi_runbook.twin.trusted.starts import FORKED, PAGE, TARGET, Start

Contexts = dict[str, Value]


def run_contexts(facts: Facts, start: Start, event: str, ref: str, *, fork: bool) -> Contexts:
    """Return what a run of START by EVENT on REF (in full) sees, as far as nobody has to be asked: inputs and payloads are not known."""
    payload: dict[str, Value] = {}
    if event == "release":
        types = next((trigger.types for trigger in start.workflow.triggers if trigger.event == event), [])
        action: Value = "published" if not types or "published" in types else types[0] if len(types) == 1 else UNKNOWN
        payload = {"action": action, "release": Open(draft=False, tag_name=ref.split("/", 2)[2])}
    elif event in (FORKED, TARGET):
        payload = {"action": UNKNOWN, "pull_request": Open(head=Open(repo=Open(fork=fork)))}
    elif event not in ("push", "workflow_dispatch"):
        payload = dict.fromkeys(("action", "schedule", "workflow_run", "client_payload", "issue"), UNKNOWN)
    if event == "workflow_dispatch":
        payload["inputs"] = UNKNOWN
    inputs = Open() if event == "workflow_dispatch" else None
    return contexts_of(event, ref, payload, inputs, f"{facts.repository.owner}/{facts.repository.name}")


def check_runs(facts: Facts, start: Start, event: str, contexts: Contexts) -> None:
    """Raise RunbookError, with the place of the `if:`, when the job of START or one that it waits for does not run for EVENT."""
    places = [(start.workflow, start.caller or start.job)]
    called = next((workflow for workflow in facts.workflows if workflow.file == start.file), None)
    if start.caller and called:
        places.append((called, start.job))
    for workflow, job in places:
        # What a caller gives to a called workflow is not looked at, so its inputs are not known.
        seen = contexts if workflow is start.workflow else contexts | {"inputs": Open()}
        jobs = Jobs(workflow, seen)
        in_order = jobs.in_order(job.id)
        if jobs.runs(job.id) is False:
            blocking = next(each for each in in_order if jobs.runs(each) is False)
            raise _does_not_run(facts, start, workflow, next(each for each in workflow.jobs if each.id == blocking), event)


def _does_not_run(facts: Facts, start: Start, workflow: Workflow, blocking: Job, event: str) -> RunbookError:
    asked = start.names[-1]
    why = "" if blocking.id in asked.split("/") else f", since it waits for the job {blocking.id}"
    message = f"the job {asked} does not run for the event {event}{why}: `if: {' '.join((blocking.condition or '').split())}` is false"
    slug = f"{facts.repository.owner}/{facts.repository.name}"
    run_by = (way.event for way in ways(start.workflow, slug) if Jobs(start.workflow, way.contexts).runs((start.caller or start.job).id) is not False)
    events = ", ".join(dict.fromkeys(run_by))
    data = read_yaml(facts.root / workflow.file, facts.root)
    body = mapping(mapping(mapping(data).get("jobs")).get(blocking.id))
    line = line_of(body, "if") if isinstance(body, CommentedMap) and "if" in body else blocking.line
    return RunbookError(
        "job-does-not-run",
        message,
        workflow.file,
        line,
        next=f"choose an event that it runs for: {events}" if events else "no event lets it run: change its `if:`",
        page=PAGE,
    )


def environment_of(facts: Facts, start: Start, contexts: Contexts) -> str:
    """Return the environment of START's job in a run with CONTEXTS; RunbookError when only a run can work it out."""
    if start.job.environment or "@" in start.file:
        return start.job.environment or ""
    number, workflow = next((number, each) for number, each in enumerate(facts.workflows) if each.file == start.file)
    place = f"workflows[{number}].jobs[{workflow.jobs.index(start.job)}].environment"
    unknown = next((unknown for unknown in facts.unknown if unknown.path == place), None)
    if unknown is None:
        return ""
    found = _environments(facts, start, workflow, contexts)
    if found is not None and len(found) == 1:
        return found[0]
    message = f"the environment of the job {start.job.id} is known only to a run: {unknown.reason}"
    raise RunbookError("unknown-environment", message, start.file, start.job.line, next="write its name into the workflow", page=PAGE)


def _environments(facts: Facts, start: Start, workflow: Workflow, contexts: Contexts) -> list[str] | None:
    """Return every environment that the job can name in the run; that of a called job is known where it uploads."""
    if start.caller is None:
        return environment_in(facts, workflow, start.job, contexts)
    uploads = [each for each in uploads_in(facts, start.workflow, contexts) if each.job is start.job and each.caller is start.caller]
    names = list(dict.fromkeys(each.environment for each in uploads))
    return None if None in names or not names else [name for name in names if name is not None]
