"""Stand-ins: what the actions that publishing workflows use do, done on this machine, with their own texts when they fail.

`STANDINS` maps an action (`owner/name`, or `owner/name/folder`) to its stand-in; what it lacks is not rehearsed.
"""

from __future__ import annotations

from pypi_runbook.rehearsal.running import StandIn

STANDINS: dict[str, StandIn] = {}


def find_standin(uses: str) -> StandIn | None:
    """Return the stand-in for a step's `uses`, for example `actions/checkout@v5`; None when there is none."""
    return STANDINS.get(uses.partition("@")[0].lower())
