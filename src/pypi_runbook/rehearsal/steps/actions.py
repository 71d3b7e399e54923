"""A `uses:` step: a stand-in, an action of the repository, or something that is not rehearsed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pypi_runbook.project.expressions import Size
from pypi_runbook.rehearsal.running import NotHereError
from pypi_runbook.rehearsal.standins import find_standin
from pypi_runbook.rehearsal.steps.composite import RunLevel, use_local
from pypi_runbook.rehearsal.steps.values import text

if TYPE_CHECKING:
    from pypi_runbook.rehearsal.steps.job import RunningJob


def use_action(job: RunningJob, run_level: RunLevel) -> None:
    """Do what the action of the step that runs does, by RUN_LEVEL when it has steps; NotHereError when nothing stands in for it."""
    running = job.running
    uses = running.definition.uses or ""
    size = Size()
    inputs = {name: size.of(text(job, running.level, value, running.contexts)) for name, value in running.definition.inputs.items()}
    _show(job, uses, inputs)
    if uses.startswith("docker://"):
        raise NotHereError("it runs in a container")
    if uses.startswith(("./", ".\\")) or uses == ".":
        use_local(job, uses, inputs, run_level)
        return
    standin = find_standin(uses)
    if standin is None:
        raise NotHereError(f"the rehearsal has nothing that stands in for {uses.partition('@')[0]}")
    for name, value in inputs.items():
        running.environment[input_variable(name)] = value
    standin(job, inputs)


def input_variable(name: str) -> str:
    """Return the variable in which an action finds its input NAME."""
    return f"INPUT_{re.sub(' ', '_', name).upper()}"


def _show(job: RunningJob, uses: str, inputs: dict[str, str]) -> None:
    given = [f"  {name}: {value}" for name, value in inputs.items() if value]
    env = [f"  {name}: {value}" for name, value in job.running.env.items()]
    head = [f"##[group]Run {uses}", *(["with:", *given] if given else []), *(["env:", *env] if env else [])]
    for line in [*head, "##[endgroup]"]:
        job.say(line)
