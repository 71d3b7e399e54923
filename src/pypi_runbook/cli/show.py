"""`pypi-runbook show`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pypi_runbook.cli import json_option, project_option
from pypi_runbook.project import read_project


@click.command()
@project_option
@json_option
def command(root: Path, as_json: bool) -> None:
    """Say what the real files say about publishing."""
    click.echo(json.dumps(read_project(root).as_json(), indent=2))
