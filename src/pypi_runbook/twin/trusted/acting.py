"""A command run as a workflow's job inside a twin: what is registered for it first, and the environment that it gets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.project import Facts
from pypi_runbook.project.indexes import INDEXES
from pypi_runbook.twin.remote import VARIABLE
from pypi_runbook.twin.scratch import Scratch
from pypi_runbook.twin.trusted.expected import expected_project, expected_publisher
from pypi_runbook.twin.trusted.jobs import JobRun
from pypi_runbook.twin.trusted.publishers import Publisher

Ask = Callable[..., dict[str, Any]]
# Files through which steps of a job speak with GitHub: the variable, and the file's name.
STEP_FILES = {"GITHUB_ENV": "env", "GITHUB_OUTPUT": "output", "GITHUB_PATH": "path", "GITHUB_STEP_SUMMARY": "summary", "GITHUB_STATE": "state"}
IDENTITY = ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")


def prepare_indexes(ask: Ask, facts: Facts, publisher: Publisher | None) -> list[str]:
    """Register on each index that knows no publisher the one that FACTS, or PUBLISHER instead, say; return what to tell about it.

    ask: performs an action of the twin. Where the files do not say a publisher for an index, nothing is registered there.
    """
    words = []
    for name, index in INDEXES.items():
        wanted = publisher or expected_publisher(facts, name)
        project = expected_project(facts, name)
        if not wanted or not project:
            continue
        spelling = [facts.repository.owner] if facts.repository.owner else []
        try:
            added = ask("prepare-index", index=name, project=project, publisher=wanted.as_json(), spelling=spelling)
        except RunbookError as error:
            words.append(f"no publisher was registered on {index.title}: {error.message}")
            continue
        if not added and publisher:
            words.append(f"{index.title} knows publishers already, so {publisher} was not registered there")
        if added:
            kind = "a pending publisher" if added["pending"] else "a publisher"
            words.append(f"registered {kind} for {project} on {index.title}: {added['publisher']}")
    return words


@contextmanager
def job_environment(ask: Ask, run: JobRun, environment: Mapping[str, str], workspace: Path) -> Iterator[dict[str, str]]:
    """Give ENVIRONMENT, which is that of a command inside a twin, with the variables that the steps of RUN see.

    ask: performs an action of that twin; workspace: where the repository is checked out.
    """
    local = environment[VARIABLE].partition("/control/")[0]
    # An identity belongs to one job: that of a job around this one goes.
    kept = {name: value for name, value in environment.items() if name not in IDENTITY}
    with Scratch("twin-job-") as scratch:
        identity = {} if run.refusal else identity_variables(ask, run.claims, local)
        yield {**kept, **run.variables, **_places(run, scratch.path, workspace), **identity}


def _places(run: JobRun, folder: Path, workspace: Path) -> dict[str, str]:
    """Return the variables that name a file or a folder, with these made in FOLDER."""
    files = {variable: str(folder / name) for variable, name in STEP_FILES.items()}
    for file in files.values():
        Path(file).touch()
    event = folder / "event.json"
    event.write_text(json.dumps(_event(run)))
    (folder / "temp").mkdir()
    places = {"GITHUB_WORKSPACE": str(workspace), "GITHUB_EVENT_PATH": str(event), "RUNNER_TEMP": str(folder / "temp")}
    return {**files, **places}


def identity_variables(ask: Ask, claims: Mapping[str, str], local: str) -> dict[str, str]:
    """Return the two variables that lead a job with these CLAIMS to its identity token; LOCAL is the twin's address on this machine."""
    begun = ask("begin-job", claims=dict(claims))
    return {"ACTIONS_ID_TOKEN_REQUEST_URL": f"{local}{begun['path']}", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": begun["credential"]}


def _event(run: JobRun) -> dict[str, Any]:
    """Return the event's payload, as far as it follows from the job's claims."""
    owner, name = run.claims["repository"].split("/", 1)
    repository = {"full_name": run.claims["repository"], "name": name, "owner": {"login": owner}}
    event: dict[str, Any] = {"repository": repository, "sender": {"login": run.claims["actor"]}}
    tag = run.claims["ref"].removeprefix("refs/tags/")
    if run.claims["event_name"] == "release":
        event |= {"action": "published", "release": {"tag_name": tag, "name": tag, "draft": False}}
    elif run.claims["event_name"] == "push":
        event |= {"ref": run.claims["ref"], "after": run.claims["sha"]}
    elif run.claims["event_name"] == "workflow_dispatch":
        event |= {"ref": run.claims["ref"], "inputs": {}}
    return event
