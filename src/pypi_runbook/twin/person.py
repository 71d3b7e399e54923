"""A command run by a person with the twin around it: its environment and its status."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pypi_runbook.errors import RunbookError
from pypi_runbook.twin.hosts import INDEXES
from pypi_runbook.twin.proxies import shims
from pypi_runbook.twin.scratch import Scratch
from pypi_runbook.twin.twin import Twin

CANNOT_RUN, NOT_FOUND = 126, 127
OWN_COMMAND = "pypi-runbook"
# What a terminal needs, and Windows to start a program; everything else of the caller's environment stays outside.
KEPT = ("PATH", "TERM", "COLORTERM", "COLUMNS", "LINES", "NO_COLOR", "SYSTEMROOT", "COMSPEC", "PATHEXT")
CREDENTIAL_PREFIXES = ("PIP_", "UV_", "TWINE_", "POETRY_", "HATCH_", "FLIT_", "PDM_", "GH_", "GITHUB_", "ACTIONS_")


@contextmanager
def person_environment(twin: Twin, outer: Mapping[str, str], *, enclosed: bool) -> Iterator[dict[str, str]]:
    """Give the environment of a person inside TWIN: a fresh HOME that goes at the end, OUTER's PATH, a token for each index.

    enclosed: a namespace is around it; otherwise clients that need one are kept from starting.
    """
    with Scratch("twin-home-") as scratch:
        home, tmp = scratch.path / "home", scratch.path / "tmp"
        home.mkdir()
        tmp.mkdir()
        tokens = {f"PYPI_RUNBOOK_TOKEN_{name.upper()}": twin.token(name) for name in INDEXES}
        kept = {name: outer[name] for name in KEPT if name in outer}
        kept["PATH"] = _path_with_own_command(kept.get("PATH", os.defpath), scratch.path / "bin")
        if not enclosed and os.name != "nt":
            kept["PATH"] = os.pathsep.join([str(shims(scratch.path / "refused")), kept["PATH"]])
        yield {**kept, **twin.environment(home, tmp), **tokens}


def _path_with_own_command(path: str, folder: Path) -> str:
    """Return PATH, with this product's own command in FOLDER at its end where PATH lacks it: `pretend` is of use only inside."""
    if shutil.which(OWN_COMMAND, path=path) or os.name == "nt":
        return path
    folder.mkdir()
    (folder / OWN_COMMAND).write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m pypi_runbook "$@"\n')
    (folder / OWN_COMMAND).chmod(0o755)
    return os.pathsep.join([path, str(folder)])


def run_command(command: list[str], environment: Mapping[str, str], argv: list[str] | None = None) -> int:
    """Run COMMAND, as ARGV where it is wrapped, and return its exit status, or 125 to 127 as env(1) does."""
    try:
        process = subprocess.Popen(argv or command, env=environment)
    except FileNotFoundError as error:
        raise RunbookError("command-not-found", f"{command[0]}: command not found", status=NOT_FOUND) from error
    except OSError as error:
        raise RunbookError("command-cannot-run", f"{command[0]}: {error.strerror}", status=CANNOT_RUN) from error
    with _signals_are_for(process):
        status = process.wait()
    return status if status >= 0 else 128 - status


def export_lines(environment: Mapping[str, str], outer: Mapping[str, str]) -> list[str]:
    """Return the shell lines that put a terminal with the variables OUTER inside the twin."""
    lines = [f"unset {name}" for name in credentials(outer) if name not in environment]
    return lines + [f"export {name}={shlex.quote(value)}" for name, value in environment.items() if outer.get(name) != value]


def credentials(outer: Mapping[str, str]) -> list[str]:
    """Return the names of variables that may carry a credential or lead a client elsewhere."""
    return sorted(name for name in outer if name.startswith(CREDENTIAL_PREFIXES))


@contextmanager
def _signals_are_for(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Leave Ctrl-C to PROCESS, which shares the terminal, and hand on a request to end."""
    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN),
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda number, _: process.send_signal(number)),
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
