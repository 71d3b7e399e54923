"""What can be done to the twin's world from inside it: by `pypi-runbook pretend`, by a page, by a test."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.twin import account_actions, project_actions, uploaded
from pypi_runbook.twin.github.actions import ACTIONS as GITHUB
from pypi_runbook.twin.lookup import Action, Arguments
from pypi_runbook.twin.report import report
from pypi_runbook.twin.trusted.actions import ACTIONS as TRUSTED
from pypi_runbook.twin.world import World


def perform(world: World, name: str, arguments: Arguments) -> dict[str, Any]:
    """Perform the action NAME on WORLD and return its answer, a JSON object; RunbookError when it cannot be done."""
    if name not in ACTIONS:
        raise RunbookError("unknown-action", f"the twin has no action {name}", next=f"choose from {', '.join(sorted(ACTIONS))}")
    try:
        return ACTIONS[name](world, arguments)
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError, sqlite3.Error) as error:
        raise RunbookError("bad-arguments", f"the action {name} cannot be read: {type(error).__name__} {error}") from error


def _fault(world: World, arguments: Arguments) -> dict[str, Any]:
    world.faults.add(arguments["name"], **{name: value for name, value in arguments.items() if name != "name"})
    return {}


def _clear(world: World, _: Arguments) -> dict[str, Any]:
    world.faults.clear()
    return {}


def _clock(world: World, arguments: Arguments) -> dict[str, Any]:
    """Let the world's clock run `offset` seconds ahead of the real one."""
    offset = float(arguments["offset"])
    world.clock = lambda: time.time() + offset
    return {"now": world.clock()}


def _report(world: World, arguments: Arguments) -> dict[str, Any]:
    return {"lines": report(world, int(arguments.get("since", 0))), "requests": len(world.requests)}


# Other parts of the world add theirs here, one line each.
ACTIONS: dict[str, Action] = {
    "fault": _fault,
    "clear": _clear,
    "clock": _clock,
    "report": _report,
    **account_actions.ACTIONS,
    **project_actions.ACTIONS,
    **TRUSTED,
    **uploaded.ACTIONS,
    **GITHUB,
}
