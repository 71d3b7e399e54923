"""A command run by a person with the twin around it: its environment, its status, and the words at the end."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pypi_runbook.errors import RunbookError
from pypi_runbook.twin.hosts import INDEXES
from pypi_runbook.twin.twin import Twin

OWN_FAILURE, CANNOT_RUN, NOT_FOUND = 125, 126, 127
# What a terminal needs, and Windows to start a program; everything else of the caller's environment stays outside.
KEPT = ("PATH", "TERM", "COLORTERM", "COLUMNS", "LINES", "NO_COLOR", "SYSTEMROOT", "COMSPEC", "PATHEXT")
CREDENTIAL_PREFIXES = ("PIP_", "UV_", "TWINE_", "POETRY_", "HATCH_", "FLIT_", "PDM_", "GH_", "GITHUB_", "ACTIONS_")
# These would reach the real hosts without a namespace around them.
IGNORE_PROXIES = {"hatch": "hatch ignores proxy variables"}


@contextmanager
def person_environment(twin: Twin, outer: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Give the environment of a person inside TWIN: a fresh HOME that goes at the end, OUTER's PATH, a token for each index."""
    with tempfile.TemporaryDirectory(prefix="twin-home-", ignore_cleanup_errors=True) as folder:
        home, tmp = Path(folder, "home"), Path(folder, "tmp")
        home.mkdir()
        tmp.mkdir()
        tokens = {f"PYPI_RUNBOOK_TOKEN_{name.upper()}": twin.token(name) for name in INDEXES}
        kept = {name: outer[name] for name in KEPT if name in outer}
        yield {"PATH": os.defpath, **kept, **twin.environment(home, tmp), **tokens}


def run_command(twin: Twin, command: list[str], environment: dict[str, str]) -> int:
    """Run COMMAND inside TWIN and return its exit status, or 125 to 127 as env(1) does."""
    try:
        process = subprocess.Popen(twin.wrap(command), env=environment)
    except FileNotFoundError as error:
        raise RunbookError("command-not-found", f"{command[0]}: command not found", status=NOT_FOUND) from error
    except OSError as error:
        raise RunbookError("command-cannot-run", f"{command[0]}: {error.strerror}", status=CANNOT_RUN) from error
    with _signals_are_for(process):
        status = process.wait()
    return status if status >= 0 else 128 - status


def check_command(command: list[str], layers: list[str]) -> None:
    """Refuse by name a COMMAND that needs a namespace where LAYERS have none."""
    reason = IGNORE_PROXIES.get(Path(command[0]).name)
    if reason and "namespace" not in layers:
        message = f"{reason}, and this machine allows no network namespace, so it would reach the real PyPI"
        page = "explanation/twin.md"
        raise RunbookError("ignores-proxies", message, next="use another client, or allow user namespaces", page=page, status=OWN_FAILURE)


def export_lines(environment: Mapping[str, str], outer: Mapping[str, str]) -> list[str]:
    """Return the shell lines that put a terminal with the variables OUTER inside the twin."""
    lines = [f"unset {name}" for name in credentials(outer) if name not in environment]
    return lines + [f"export {name}={shlex.quote(value)}" for name, value in environment.items() if outer.get(name) != value]


def credentials(outer: Mapping[str, str]) -> list[str]:
    """Return the names of variables that may carry a credential or lead a client elsewhere."""
    return sorted(name for name in outer if name.startswith(CREDENTIAL_PREFIXES))


def summary(twin: Twin, layers: list[str]) -> list[str]:
    """Return what happened: what was uploaded where, what was refused and why, which LAYERS held."""
    lines = []
    for name, index in INDEXES.items():
        files = [file.filename for file in twin.uploads(name)]
        if files:
            lines.append(f"{index.title} holds {', '.join(files)}")
    lines += _refusals(twin)
    return [*(lines or ["nothing was uploaded, nothing was refused"]), f"layers that held: {', '.join(layers)}"]


def _refusals(twin: Twin) -> list[str]:
    refused: Counter[str] = Counter()
    for request in twin.requests:
        if request.method == "POST" and request.status >= 400:
            refused[f"refused: {request.client} to https://{request.host}{request.path}: {request.status} {request.reason}"] += 1
        elif not request.path:
            refused[f"refused: a connection to {request.host}, which is not part of the twin"] += 1
        elif request.status >= 500:
            refused[f"failed: {request.method} https://{request.host}{request.path}: {request.status} {request.reason}"] += 1
    return [f"{words} ({count} times)" if count > 1 else words for words, count in refused.items()]


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
