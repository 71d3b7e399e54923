"""Tables and boxes of pages, made from a project's facts; each function returns Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.finding import Finding
from pypi_runbook.pages.values import IndexValues, RepositoryValues
from pypi_runbook.project.facts import Job, Workflow
from pypi_runbook.project.routes import Route, merged, runs, title, ways

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


def triggers(found: list[Route]) -> str:
    """Return one row for each way to start a workflow, whose routes FOUND are, with the jobs that it runs and where they publish."""
    answers = merged([(route.way, (f"`{route.way.event}`", jobs_of(route), published(route))) for route in found])
    return table(
        ["Event", "What happens", "Jobs that run", "Publishes to"], [[event, words, names, where] for words, (event, names, where) in answers]
    )


def jobs_of(route: Route) -> str:
    """Return the names of the jobs that ROUTE runs; those that only a run can tell are marked."""
    running = [job for job in route.workflow.jobs if route.jobs[job.id] is not False]
    names = [job.name if route.jobs[job.id] else f"{job.name} (if its condition holds)" for job in running]
    return ", ".join(names) or "none"


def published(route: Route) -> str:
    """Return the indexes to which ROUTE publishes."""
    sure = route.indexes()
    names = [title(index) if index in sure else f"{title(index)} (if its condition holds)" for index in route.indexes(surely=False)]
    if any(upload.index is None for upload in route.uploads):
        names.append("an index that only a run can tell")
    # GitHub gives such a run no secrets and no identity.
    return ", ".join(names) + (", where it is refused" if names and route.way.fork and route.way.event == "pull_request" else "") or "nothing"


def warnings_box(found: list[Finding]) -> str:
    """Return a box for each warning about the routes of a project; nothing where there is none."""
    boxes = []
    for each in found:
        place = f"`{each.file}`, line {each.line}. " if each.file else ""
        boxes.append(f'!!! warning "{literal(sentence(each.message))}"\n\n    {place}{sentence(each.fix or "")}.\n')
    return "\n".join(boxes)


def sentence(text: str) -> str:
    """Return TEXT with a capital."""
    return text[:1].upper() + text[1:]


def literal(text: str) -> str:
    """Return TEXT, some of which is the project's own, so that Markdown and HTML show it as it stands."""
    return re.sub(r"[^\w\s.,:;/-]", lambda match: f"&#{ord(match[0])};", cell(text)).replace("_", "&#95;")


def jobs(workflow: Workflow, repository: RepositoryValues) -> str:
    """Return one row for each job of WORKFLOW: when it runs, what it waits for, and what it may do."""
    names = {job.id: job.name for job in workflow.jobs}
    rows = []
    for job in workflow.jobs:
        name = link(f"**{job.name}**", repository.blob(workflow.file, job.line, job.end_line))
        waits = ", ".join(names.get(needed, needed) for needed in job.needs) or "nothing"
        environment = f"`{job.environment}`" if job.environment else ""
        rows.append([f"{name}<br>`{job.id}`", when(workflow, job, repository), waits, environment, identity(job)])
    return table(["Job", "Runs", "Waits for", "Environment", "Shows the index"], rows)


def when(workflow: Workflow, job: Job, repository: RepositoryValues) -> str:
    """Return in a few words on which events JOB of a WORKFLOW of REPOSITORY runs."""
    answers = [(way, runs(workflow, job, way)) for way in ways(workflow, repository.slug or None)]
    if all(answer for _, answer in answers):
        return "on every run"
    return "; ".join(words for words, answer in merged(answers) if answer) or "when its condition holds"


def identity(job: Job) -> str:
    """Return what JOB shows to an index."""
    names = {"trusted-publishing": "a short-lived identity (OIDC)", "token": "an API token", "unknown": "not known without a run"}
    return ", ".join(dict.fromkeys(names[publish.auth] for publish in job.publishes)) or "nothing"
