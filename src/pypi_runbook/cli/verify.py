"""`pypi-runbook verify INDEX`: compare what an index serves with what was built."""

from __future__ import annotations

from pathlib import Path

import click

from pypi_runbook.cli import project_option
from pypi_runbook.manual.index import INDEXES
from pypi_runbook.manual.release import read_release
from pypi_runbook.manual.verify import verify


@click.command()
@click.argument("index", type=click.Choice(list(INDEXES)))
@click.option(
    "--wait", "seconds", type=click.FloatRange(min=0), default=300, show_default=True, help="Seconds to wait for the files to appear; 0 asks once."
)
@project_option
def command(index: str, seconds: float, root: Path) -> None:
    """Compare what INDEX serves with what was built.

    Waits until INDEX lists the files of dist/, downloads them and compares every byte. Prints a line for each: its sha256 and its name.
    """
    for name, digest in verify(read_release(root), INDEXES[index], seconds).items():
        click.echo(f"{digest}  {name}")
