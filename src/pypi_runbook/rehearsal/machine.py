"""This machine as a runner: the twin around its commands, the one that is there already or a new one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.twin import Twin
from pypi_runbook.twin.clients import client_environment
from pypi_runbook.twin.proxies import is_enclosed
from pypi_runbook.twin.remote import VARIABLE, ask


@dataclass(frozen=True)
class Machine:
    """What jobs run on.

    ask: performs an action of the twin; wrap: returns a command inside the twin's namespace.
    environment: the variables of a command with that HOME and that folder for temporary files; PATH is for the job to make.
    """

    ask: Callable[..., dict[str, Any]]
    wrap: Callable[[list[str]], list[str]]
    environment: Callable[[Path, Path], dict[str, str]]
    layers: list[str]

    @property
    def address(self) -> str:
        """The twin's address on this machine."""
        return self.environment(Path(), Path())[VARIABLE].partition("/control/")[0]


def outside(twin: Twin) -> Machine:
    """Return the machine with TWIN, which was started for the rehearsal, around it."""
    return Machine(twin.perform, twin.wrap, lambda home, tmp: system() | twin.environment(home, tmp), twin.layers)


def inside(outer: Mapping[str, str]) -> Machine:
    """Return the machine with the twin around it in which this process runs, by the variables OUTER."""
    try:
        authority, proxy, control = Path(outer["SSL_CERT_FILE"]), outer["HTTPS_PROXY"], outer[VARIABLE]
    except KeyError as error:
        message = f"there is a twin around this terminal, but {error.args[0]} is not set"
        raise RunbookError("half-a-twin", message, next="rehearse outside of it, or export all that it printed") from error
    layers = ["credentials", "tunnel", *(["namespace"] if is_enclosed() else [])]
    return Machine(ask, list, lambda home, tmp: system() | client_environment(home, tmp, authority, proxy) | {VARIABLE: control}, layers)


def system() -> dict[str, str]:
    """Return what Windows needs to start a program at all; everything else of this machine's environment stays outside."""
    return {name: os.environ[name] for name in ("SYSTEMROOT", "COMSPEC", "PATHEXT") if name in os.environ}
