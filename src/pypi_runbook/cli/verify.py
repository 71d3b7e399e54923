"""`pypi-runbook verify INDEX`: compare what an index serves with what was built."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pypi_runbook.cli import json_option, project_option
from pypi_runbook.manual.index import INDEXES
from pypi_runbook.manual.release import read_release
from pypi_runbook.manual.tools import say
from pypi_runbook.manual.verify import verify


@click.command()
@click.argument("index", type=click.Choice(list(INDEXES)))
@click.option(
    "--wait", "seconds", type=click.FloatRange(min=0), default=300, show_default=True, help="Seconds to wait for the files to appear; 0 asks once."
)
@click.option("--no-install", "install", is_flag=True, default=True, flag_value=False, help="Compare only; install nothing.")
@project_option
@json_option
def command(index: str, seconds: float, install: bool, root: Path, as_json: bool) -> None:
    """Compare what INDEX serves with what was built.

    Waits until INDEX lists the files of dist/, downloads them and compares every byte; installs the release from INDEX into an
    environment that is thrown away, and imports it; asks who attests to the files. Prints a line for each file, its sha256 and its
    name, and says what remains to be done.
    """
    found = verify(read_release(root), INDEXES[index], seconds, install=install)
    if as_json:
        files = [{"filename": name, "sha256": digest, "publisher": found.publishers.get(name)} for name, digest in found.files.items()]
        document = {"schema": 1, "index": index, "files": files, "installed": found.installed, "remaining": found.remaining}
        click.echo(json.dumps(document, indent=2))
        return
    for name, digest in found.files.items():
        click.echo(f"{digest}  {name}")
    say("What remains:")
    for step in found.remaining:
        say(f"  [ ] {step}")
