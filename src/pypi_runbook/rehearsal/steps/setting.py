"""What a job is given when it starts: its world and folders, what its expressions know, and the ways in which it speaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pypi_runbook.project.expressions import Value
from pypi_runbook.rehearsal.definition import StepDefinition
from pypi_runbook.rehearsal.results import NotRehearsed, StepResult
from pypi_runbook.rehearsal.running import Folders, World


@dataclass(frozen=True)
class Setting:
    """Everything that one job gets from outside.

    folders: they exist, and are empty but for what the job may find there.
    contexts: github, needs, matrix, strategy, inputs, vars and secrets; the job adds env, job, runner and steps, and completes github.
    permissions, token: of `github.token`.
    base: the complete environment of a command before the job's own `env`, with GITHUB_*, RUNNER_* and the way to an identity token.
    Its PATH does not count: the job makes its own from what a runner and this machine have.
    wrap: turns a command into one inside the twin. show: takes a finished line of the log, masked.
    progress: told the name of a step when it begins (without result) and when it has ended.
    note: told what was not rehearsed. minute: seconds that a minute of `timeout-minutes` lasts.
    """

    world: World
    folders: Folders
    contexts: dict[str, Value]
    permissions: dict[str, str]
    token: str
    base: dict[str, str]
    wrap: Callable[[list[str]], list[str]]
    show: Callable[[str], None]
    progress: Callable[[str, StepDefinition, StepResult | None], None]
    note: Callable[[NotRehearsed], None]
    minute: float = 60.0
