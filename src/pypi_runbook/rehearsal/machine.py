"""This machine as a runner: the twin around its commands, and a PATH with nothing of the person who rehearses."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.twin import Twin
from pypi_runbook.twin.clients import client_environment
from pypi_runbook.twin.proxies import is_enclosed, shims
from pypi_runbook.twin.remote import VARIABLE, ask

# What every hosted runner has and a workflow takes for granted; the others come with the system's own folders.
TOOLS = ("git", "gh", "python3", "bash", "curl", "jq", "tar", "unzip")
KEPT = ("SYSTEMROOT", "COMSPEC", "PATHEXT")


@dataclass(frozen=True)
class Machine:
    """What jobs run on.

    ask: performs an action of the twin; wrap: returns a command inside the twin's namespace.
    environment: the variables of a command with that HOME and that folder for temporary files, PATH included.
    """

    ask: Callable[..., dict[str, Any]]
    wrap: Callable[[list[str]], list[str]]
    environment: Callable[[Path, Path], dict[str, str]]
    layers: list[str]

    @property
    def address(self) -> str:
        """The twin's address on this machine."""
        return self.environment(Path(), Path())[VARIABLE].partition("/control/")[0]


def outside(twin: Twin, folder: Path) -> Machine:
    """Return the machine with TWIN, which was started for the rehearsal, around it; FOLDER is for its own files."""
    path = runner_path(os.environ, folder, enclosed="namespace" in twin.layers)
    return Machine(twin.perform, twin.wrap, lambda home, tmp: path | twin.environment(home, tmp), twin.layers)


def inside(outer: Mapping[str, str], folder: Path) -> Machine:
    """Return the machine with the twin around it in which this process runs, by the variables OUTER."""
    try:
        authority, proxy, control = Path(outer["SSL_CERT_FILE"]), outer["HTTPS_PROXY"], outer[VARIABLE]
    except KeyError as error:
        message = f"there is a twin around this terminal, but {error.args[0]} is not set"
        raise RunbookError("half-a-twin", message, next="rehearse outside of it, or export all that it printed") from error
    enclosed = is_enclosed()
    path = runner_path(outer, folder, enclosed=enclosed)
    layers = ["credentials", "tunnel", *(["namespace"] if enclosed else [])]
    return Machine(ask, list, lambda home, tmp: path | client_environment(home, tmp, authority, proxy) | {VARIABLE: control}, layers)


def runner_path(outer: Mapping[str, str], folder: Path, *, enclosed: bool) -> dict[str, str]:
    """Return PATH, and on Windows what else a program needs to start.

    It holds OUTER's folders but for virtual environments and what lies in the person's HOME; the tools that then lack are linked in FOLDER.
    Clients that ignore proxies do not start where no namespace is around them.
    """
    entries = [Path(entry) for entry in outer.get("PATH", os.defpath).split(os.pathsep) if Path(entry).is_absolute()]
    others = [entry for entry in entries if entry.is_dir() and not (entry.parent / "pyvenv.cfg").exists()]
    home = Path(outer.get("HOME") or Path.home()).resolve()
    # Where HOME is the root, everything would be the person's.
    own = home if home != Path(home.anchor) else home / "nobody"
    kept = list(dict.fromkeys(str(entry) for entry in others if not entry.resolve().is_relative_to(own)))
    links = folder / "bin"
    links.mkdir(parents=True)
    _link(links, os.pathsep.join(kept), os.pathsep.join(map(str, others)))
    refused = [] if enclosed or os.name == "nt" else [str(shims(folder / "refused"))]
    return {name: outer[name] for name in KEPT if name in outer} | {"PATH": os.pathsep.join([*refused, *kept, str(links)])}


def _link(links: Path, kept: str, wider: str) -> None:
    """Link into LINKS what the path KEPT lacks: tools from the path WIDER, and a `python`, which every runner has."""
    for tool in TOOLS:
        found = shutil.which(tool, path=wider) or (getattr(sys, "_base_executable", sys.executable) if tool == "python3" else None)
        if found and not shutil.which(tool, path=kept):
            (links / tool).symlink_to(found)
    python = shutil.which("python3", path=os.pathsep.join([kept, str(links)]))
    if python and not shutil.which("python", path=kept):
        (links / "python").symlink_to(python)
