"""A command run by a person with the twin around it: its environment and its status."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from pypi_runbook import processes
from pypi_runbook.errors import RunbookError
from pypi_runbook.signals import handled
from pypi_runbook.twin.hosts import INDEXES
from pypi_runbook.twin.proxies import shims
from pypi_runbook.twin.scratch import Scratch
from pypi_runbook.twin.twin import Twin

CANNOT_RUN, NOT_FOUND = 126, 127
OWN_COMMAND = "pypi-runbook"
# How long a command that was asked to end may take, before it is killed with all that it started. Seconds.
PATIENCE = 5.0
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
    child = _Child()
    with handled(child.take):
        try:
            child.process = subprocess.Popen(argv or command, env=environment)
        except FileNotFoundError as error:
            raise RunbookError("command-not-found", f"{command[0]}: command not found", status=NOT_FOUND) from error
        except OSError as error:
            raise RunbookError("command-cannot-run", f"{command[0]}: {error.strerror}", status=CANNOT_RUN) from error
        status = child.wait()
    return status if status >= 0 else 128 - status


class _Child:
    """The command, and the requests to end that reach us instead of it."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self._asked = 0
        self._late = threading.Timer(PATIENCE, self._kill)
        self._late.daemon = True

    def take(self, number: int) -> None:
        """Hand on a request to end; Ctrl-C in a terminal reached the command too, unless it was not for us either."""
        if number == signal.SIGINT and _in_foreground():
            return
        if not self._asked:
            processes.adopt_orphans()
            self._late.start()
        self._asked = number
        self._tell(number)

    def wait(self) -> int:
        """Return the command's status when it has ended, also what it started if somebody asked for the end."""
        assert self.process
        if self._asked:
            # It was not there yet.
            self._tell(self._asked)
        status = self.process.wait()
        limit = time.monotonic() + PATIENCE
        while self._asked and processes.descendants() and time.monotonic() < limit:
            time.sleep(0.05)
        self._late.cancel()
        if self._asked:
            processes.end()
        return status

    def _tell(self, number: int) -> None:
        for pid in [self.process.pid, *(each.pid for each in processes.descendants(self.process.pid))] if self.process else []:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)

    def _kill(self) -> None:
        if self.process:
            processes.end(self.process.pid, itself=True)


def _in_foreground() -> bool:
    """Tell whether a key pressed in the terminal sends its signal to this process's group."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    finally:
        os.close(terminal)


def export_lines(environment: Mapping[str, str], outer: Mapping[str, str]) -> list[str]:
    """Return the shell lines that put a terminal with the variables OUTER inside the twin."""
    lines = [f"unset {name}" for name in credentials(outer) if name not in environment]
    return lines + [f"export {name}={shlex.quote(value)}" for name, value in environment.items() if outer.get(name) != value]


def credentials(outer: Mapping[str, str]) -> list[str]:
    """Return the names of variables that may carry a credential or lead a client elsewhere."""
    return sorted(name for name in outer if name.startswith(CREDENTIAL_PREFIXES))
