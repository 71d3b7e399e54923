"""Make the Python that a runner's image has: FOLDER. Started as a file when a job first calls python or pip outside of setup-python."""

from __future__ import annotations

import fcntl
import sys
from pathlib import Path

import click
from packaging.version import Version

from pypi_runbook.rehearsal.running import NotHereError
from pypi_runbook.rehearsal.standins.interpreters import Interpreter
from pypi_runbook.rehearsal.standins.toolcache import make_python


def main(folder: Path) -> int:
    """Make FOLDER unless another command did meanwhile, and return the status for the shell."""
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / "made").exists():
            return 0
        version = Version(".".join(map(str, sys.version_info[:3])))
        try:
            make_python(Interpreter(Path(getattr(sys, "_base_executable", sys.executable)), version), folder)
        except NotHereError as error:
            click.echo(f"pypi-runbook: {error}", err=True)
            return 127
        (folder / "made").touch()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
