"""Where steps run: in the job itself or in a composite action, each with its own inputs, steps and state."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Literal

from pypi_runbook.project.expressions import Value
from pypi_runbook.rehearsal.definition import StepDefinition
from pypi_runbook.rehearsal.results import StepResult

Status = Literal["success", "failure", "cancelled"]


@dataclass
class Level:
    """The job's own steps, or those of one composite action.

    changes: what its contexts have instead of the job's. env: of the step that uses the action, which its steps get too.
    steps: the `steps` context. reasons: why steps failed. depth: how many actions stand around it.
    shell, folder: the job's defaults, which an action does not get.
    """

    changes: dict[str, Value] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    steps: dict[str, Value] = field(default_factory=dict)
    status: Status = "success"
    reasons: list[str] = field(default_factory=list)
    depth: int = 0
    shell: str = ""
    folder: str = ""


@dataclass
class Running:
    """A step that runs.

    result: of the step of the job, also for a step inside of an action.
    env: the `env` context; own: what the step itself adds to it. environment: of its commands.
    deadline: seconds of time.monotonic, None for none. failed: it printed something that fails it, whatever its status.
    lacking: what it called that is not here, with the reason; absent: the step itself is not.
    """

    definition: StepDefinition
    level: Level
    result: StepResult
    name: str = ""
    contexts: dict[str, Value] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    deadline: float | None = None
    failed: bool = False
    reasons: list[str] = field(default_factory=list)
    lacking: list[tuple[str, str]] = field(default_factory=list)
    absent: bool = False
    began: float = field(default_factory=time.monotonic)
