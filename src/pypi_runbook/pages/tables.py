"""Tables and boxes of pages, made from a project's facts; each function returns Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.pages import conditions, roles
from pypi_runbook.pages.values import IndexValues, RepositoryValues
from pypi_runbook.project.facts import Job, Trigger, Workflow

NEEDS = {
    "git": "[Git](https://git-scm.com/downloads)",
    "python3": "[Python](https://www.python.org/downloads/) 3.11 or newer",
    "curl": "[curl](https://curl.se/)",
    "gh": "[GitHub's command line](https://cli.github.com/), signed in",
    "poetry": "[Poetry](https://python-poetry.org/docs/#installation)",
    "pyproject-build": "[build](https://build.pypa.io/)",
    "twine": "[twine](https://twine.readthedocs.io/)",
    "uv": "[uv](https://docs.astral.sh/uv/)",
    "pypi-runbook": "pypi-runbook with its extra `all`",
}


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table; a cell's pipes are escaped."""
    lines = [[cell(text) for text in row] for row in ([*heads], *rows)]
    rule = ["---"] * len(lines[0])
    return "\n".join("| " + " | ".join(row) + " |" for row in (lines[0], rule, *lines[1:])) + "\n"


def cell(text: str) -> str:
    """Return TEXT as one cell."""
    return " ".join(str(text).replace("|", "\\|").split()) or "&ndash;"


def link(text: str, address: Any) -> str:
    """Return TEXT as a link where there is an ADDRESS, else plain."""
    return f"[{text}]({address})" if address else text


def you_need(meta: dict[str, Any]) -> str:
    """Return the box that says what a page needs on PATH and how long it takes, from its front matter."""
    needs, minutes = meta.get("needs"), meta.get("minutes")
    if not isinstance(needs, list):
        raise RunbookError("no-needs", "the page shows what it needs, but its front matter has no list `needs`", next="write needs: [git, python3]")
    items = [f"{NEEDS[name]}: `{name}` on your `PATH`" if name in NEEDS else f"`{name}` on your `PATH`" for name in map(str, needs)]
    items += [f"about {minutes} minutes" if minutes != 1 else "about one minute"] if minutes else []
    return '!!! need "You need"\n\n' + "".join(f"    - {item}\n" for item in items or ["nothing beside this page"])


def publisher_form(index: IndexValues, repository: RepositoryValues, workflow: Any, project: Any, *, pending: bool) -> str:
    """Return the fields of an index's form for a publisher; only the pending form asks for the project's name."""
    rows = [["PyPI Project Name", f"`{project.name}`"]] if pending else []
    rows += [
        ["Owner", f"`{repository.owner}`"],
        ["Repository name", f"`{repository.name}`"],
        ["Workflow name", f"`{workflow.file}`"],
        ["Environment name", f"`{index.environment}`"],
    ]
    return table(["Field", "Value"], rows)


def triggers(workflow: Workflow) -> str:
    """Return one row for each way to start WORKFLOW, with the jobs that it runs."""
    rows = [[f"`{happening.name}`", words, jobs_of(workflow, happening)] for words, happening in ways(workflow)]
    return table(["Event", "What happens", "Jobs that run"], rows)


def ways(workflow: Workflow) -> list[tuple[str, conditions.Event]]:
    """Return each way to start WORKFLOW: in words, and as an event that conditions can be asked about."""
    return [way for trigger in workflow.triggers for way in ways_of(workflow, trigger)]


def ways_of(workflow: Workflow, trigger: Trigger) -> list[tuple[str, conditions.Event]]:
    """Return the ways in which TRIGGER starts the workflow."""
    if trigger.event == "release":
        types = trigger.types or ["created", "published", "edited"]
        return [(f"A GitHub release is {kind}", conditions.event("release", action=kind, ref="refs/tags/1.0.0")) for kind in types]
    if trigger.event == "workflow_dispatch":
        return dispatches(workflow, trigger)
    if trigger.event == "push":
        return pushes(trigger)
    words = f"On schedule: {', '.join(f'`{cron}`' for cron in trigger.crons)}" if trigger.crons else f"The event `{trigger.event}`"
    return [(words, conditions.event(trigger.event))]


def dispatches(workflow: Workflow, trigger: Trigger) -> list[tuple[str, conditions.Event]]:
    """Return a run by hand without and with the input that asks for TestPyPI."""
    asked = roles.testpypi_input(workflow)
    defaults = {name: body["default"] for name, body in trigger.inputs.items() if isinstance(body.get("default"), bool | str)}
    plain = ("Someone selects **Run workflow**", conditions.event("workflow_dispatch", ref="refs/heads/main", inputs=defaults))
    if not asked or asked[1].get("type") not in ("boolean", None):
        return [plain]
    label, choices = roles.testpypi_label(workflow), ((False, "clear"), (True, "ticked"))
    return [
        (
            f"Someone selects **Run workflow**, with *{label}* {state}",
            conditions.event("workflow_dispatch", ref="refs/heads/main", inputs={**defaults, asked[0]: value}),
        )
        for value, state in choices
    ]


def pushes(trigger: Trigger) -> list[tuple[str, conditions.Event]]:
    """Return a push of a tag and of a branch, as far as TRIGGER's filters let each through."""
    found = []
    if trigger.tags or trigger.tags_ignore or not (trigger.branches or trigger.branches_ignore):
        which = f" like {', '.join(f'`{tag}`' for tag in trigger.tags)}" if trigger.tags else ""
        found.append((f"A tag{which} is pushed", conditions.event("push", ref="refs/tags/1.0.0")))
    if trigger.branches or trigger.branches_ignore or not (trigger.tags or trigger.tags_ignore):
        which = f" {', '.join(f'`{branch}`' for branch in trigger.branches)}" if trigger.branches else ""
        found.append((f"Someone pushes to a branch{which}", conditions.event("push", ref="refs/heads/main")))
    return found


def jobs_of(workflow: Workflow, happening: conditions.Event) -> str:
    """Return the names of the jobs that HAPPENING starts; those that only a run can tell are marked."""
    answers = [(job, conditions.runs(workflow, job, happening)) for job in workflow.jobs]
    names = [job.name if answer else f"{job.name} (if its condition holds)" for job, answer in answers if answer is not False]
    return ", ".join(names) or "none"


def jobs(workflow: Workflow, repository: RepositoryValues) -> str:
    """Return one row for each job of WORKFLOW: when it runs, what it waits for, and what it may do."""
    names = {job.id: job.name for job in workflow.jobs}
    rows = []
    for job in workflow.jobs:
        name = link(f"**{job.name}**", repository.blob(workflow.file, job.line, job.end_line))
        waits = ", ".join(names.get(needed, needed) for needed in job.needs)
        rows.append(
            [f"{name}<br>`{job.id}`", when(workflow, job), waits or "nothing", f"`{job.environment}`" if job.environment else "", identity(job)]
        )
    return table(["Job", "Runs", "Waits for", "Environment", "Shows the index"], rows)


def when(workflow: Workflow, job: Job) -> str:
    """Return in a few words on which events JOB runs."""
    answers = [(words, conditions.runs(workflow, job, happening)) for words, happening in ways(workflow)]
    if all(answer for _, answer in answers):
        return "on every run"
    return "; ".join(words for words, answer in answers if answer) or "when its condition holds"


def identity(job: Job) -> str:
    """Return what JOB shows to an index."""
    names = {"trusted-publishing": "a short-lived identity (OIDC)", "token": "an API token", "unknown": "not known without a run"}
    return ", ".join(dict.fromkeys(names[publish.auth] for publish in job.publishes)) or "nothing"
