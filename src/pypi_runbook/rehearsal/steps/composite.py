"""Actions of the repository itself: composite ones run step by step; those that need Node or a container are not rehearsed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml.comments import CommentedSeq

from pypi_runbook.project.expressions import Value
from pypi_runbook.project.text import is_file
from pypi_runbook.project.yaml import item_line, plain, read_yaml
from pypi_runbook.rehearsal.definition import StepDefinition
from pypi_runbook.rehearsal.results import Annotation
from pypi_runbook.rehearsal.running import NotHereError, StepError
from pypi_runbook.rehearsal.steps.level import Level
from pypi_runbook.rehearsal.steps.processes import TimeOver
from pypi_runbook.rehearsal.steps.values import contexts, text

if TYPE_CHECKING:
    from pypi_runbook.rehearsal.steps.job import RunningJob

RunLevel = Callable[["RunningJob", Sequence[StepDefinition], Level], None]
DEEPEST = 9
FILES = ("action.yml", "action.yaml")
CONTAINERS = ("Dockerfile", "dockerfile")


def use_local(job: RunningJob, uses: str, inputs: Mapping[str, str], run_level: RunLevel) -> None:
    """Run the action in the folder USES of the workspace; StepError in the runner's words, NotHereError for one that is not composite.

    run_level: runs the steps of an action; it comes from outside since steps hold actions, and actions hold steps.
    """
    running = job.running
    if running.level.depth >= DEEPEST:
        raise StepError(f"Composite action depth exceeded max depth {DEEPEST}")
    data, file = _read(job.folders.workspace, uses)
    steps = _steps(data, file, job.folders.workspace)
    given = _inputs(job, data.get("inputs"), inputs)
    # As the runner joins them, so that the path is the one that scripts see on GitHub.
    action_path = f"{job.folders.workspace}/{uses}"
    level = Level(
        changes={"inputs": given, "github": {"action_path": action_path, "action_repository": "", "action_ref": ""}},
        env={**running.level.env, **running.own},
        depth=running.level.depth + 1,
    )
    run_level(job, steps, level)
    if job.level.status == "cancelled":
        raise TimeOver
    _set_outputs(job, data.get("outputs"), level)
    running.failed |= level.status == "failure"
    running.reasons += level.reasons


def _read(workspace: Path, uses: str) -> tuple[dict[str, Any], str]:
    """Return the action's metadata and its file, a path of the workspace."""
    folder = workspace / uses
    for name in FILES:
        if is_file(folder / name):
            place = Path(os.path.normpath(folder / name))
            data = read_yaml(place, workspace) if place.is_relative_to(workspace) else None
            return data if isinstance(data, dict) else {}, place.relative_to(workspace).as_posix()
    if any(is_file(folder / name) for name in CONTAINERS):
        raise NotHereError("it is an action that runs in a container")
    place = Path(os.path.normpath(folder))
    missing = f"Can't find 'action.yml', 'action.yaml' or 'Dockerfile' under '{place}'."
    raise StepError(f"{missing} Did you forget to run actions/checkout before running your local action?")


def _steps(data: dict[str, Any], file: str, workspace: Path) -> list[StepDefinition]:
    runs = data.get("runs")
    using = plain(runs.get("using")).lower() if isinstance(runs, dict) else ""
    if not using:
        raise _not_valid(workspace, file, 1, "Top level 'runs:' section is required")
    if using == "docker":
        raise NotHereError("it is an action that runs in a container")
    if using != "composite":
        raise NotHereError(f"it is a JavaScript action ({using}), which the rehearsal does not run")
    steps = runs.get("steps") if isinstance(runs, dict) else None
    if not isinstance(steps, CommentedSeq):
        raise _not_valid(workspace, file, 1, "Required property is missing: steps")
    return [_step(body, file, item_line(steps, number), workspace) for number, body in enumerate(steps)]


def _step(body: Any, file: str, line: int, workspace: Path) -> StepDefinition:
    table = body if isinstance(body, dict) else {}
    if "run" in table and "shell" not in table:
        raise _not_valid(workspace, file, line, "Required property is missing: shell")
    if ("run" in table) == ("uses" in table):
        raise _not_valid(
            workspace, file, line, "There's not enough info to determine what you meant. Add one of these properties: run, shell, uses, with"
        )
    texts = {name: plain(table[name]) for name in ("id", "name", "uses", "run", "shell") if table.get(name) is not None}
    return StepDefinition(
        file=file,
        line=line,
        condition=plain(table.get("if")) or None,
        inputs=_strings(table.get("with")),
        env=_strings(table.get("env")),
        working_directory=plain(table.get("working-directory")) or None,
        continue_on_error=plain(table.get("continue-on-error")),
        **texts,
    )


def _not_valid(workspace: Path, file: str, line: int, reason: str) -> StepError:
    return StepError(f"The template is not valid. {workspace / file} (Line: {line}): {reason}")


def _strings(table: Any) -> dict[str, str]:
    return {str(name): plain(value) for name, value in table.items()} if isinstance(table, dict) else {}


def _inputs(job: RunningJob, table: Any, given: Mapping[str, str]) -> dict[str, Value]:
    """Return the action's inputs: those GIVEN, and the defaults of the others."""
    declared = {str(name): body if isinstance(body, dict) else {} for name, body in table.items()} if isinstance(table, dict) else {}
    known = {name.casefold() for name in declared}
    if unexpected := [name for name in given if name.casefold() not in known]:
        unknown, valid = "', '".join(unexpected), "', '".join(declared)
        job.annotate(Annotation("warning", f"Unexpected input(s) '{unknown}', valid inputs are ['{valid}']"))
    found: dict[str, Value] = dict(given)
    for name, body in declared.items():
        if name.casefold() not in {each.casefold() for each in given}:
            found[name] = text(job, job.running.level, plain(body.get("default")), job.running.contexts)
        elif message := body.get("deprecationMessage"):
            job.annotate(Annotation("warning", f"Input '{name}' has been deprecated with message: {message}"))
    return found


def _set_outputs(job: RunningJob, table: Any, level: Level) -> None:
    known = contexts(job, level, job.running.env)
    for name, body in table.items() if isinstance(table, dict) else ():
        job.outputs[str(name)] = text(job, level, plain(body.get("value")) if isinstance(body, dict) else "", known)
