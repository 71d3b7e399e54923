"""The commands that the doctor runs: those of the environment that it lives in, without the person's credentials."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import click

from pypi_runbook.errors import RunbookError
from pypi_runbook.secrets import CREDENTIALS

SECONDS = 120


def require() -> None:
    """Raise RunbookError `missing-extra` when the extra `doctor` is not, or not wholly, installed."""
    modules = {"validate-pyproject": "validate_pyproject", "check-wheel-contents": "check_wheel_contents"}
    missing = [name for name, module in modules.items() if importlib.util.find_spec(module) is None]
    missing += [] if find("zizmor") else ["zizmor"]
    if missing:
        message = f"`pypi-runbook doctor` needs the extra `doctor`: {', '.join(missing)} is not installed"
        raise RunbookError("missing-extra", message, next="pip install 'pypi-runbook[doctor]'", page="reference/commands.md")


def find(name: str) -> str | None:
    """Return the command NAME of this Python's environment, else the one that a shell would find."""
    return shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)


def run(command: list[str], folder: Path, seconds: float = SECONDS) -> subprocess.CompletedProcess[str]:
    """Run COMMAND in FOLDER and return how it ended; it sees no credential, no colour and no terminal.

    Raises subprocess.TimeoutExpired after SECONDS.
    """
    env = {name: value for name, value in os.environ.items() if not CREDENTIALS.fullmatch(name) and name != "PYTHONPATH"}
    settings = {"NO_COLOR": "1", "COLUMNS": "1000", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=env | settings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=seconds,
    )
    # twine colours its words all the same.
    done.stdout, done.stderr = click.unstyle(done.stdout), click.unstyle(done.stderr)
    return done
