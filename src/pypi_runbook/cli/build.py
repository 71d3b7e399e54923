"""`pypi-runbook build`: sdist, then the wheel from it, into a fresh dist/."""

from __future__ import annotations

from pathlib import Path

import click

from pypi_runbook.cli import project_option
from pypi_runbook.manual.build import build
from pypi_runbook.manual.release import read_release


@click.command()
@project_option
def command(root: Path) -> None:
    """Build sdist and wheel into a fresh dist/.

    Runs `python -m build` with SOURCE_DATE_EPOCH from the commit, and with the build backend as poetry.lock pins it in the group
    `backend`. What was in dist/ is moved into .pypi-runbook/ first. Prints a line for each file: its sha256 and its path.
    """
    for file in build(read_release(root)):
        click.echo(f"{file.sha256()}  {file.shown}")
