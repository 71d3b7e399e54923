"""`pypi-runbook doctor`: what would make the next release fail or unsafe, before anyone tags."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from pypi_runbook.cli import json_option, project_option
from pypi_runbook.doctor import Checkup, examine
from pypi_runbook.project import read_project


@click.command()
@click.option("--history/--no-history", default=True, show_default=True, help="Search git's history for tokens too.")
@project_option
@json_option
def command(history: bool, root: Path, as_json: bool) -> None:
    """Say what would make the next release fail, or unsafe, before anyone tags."""
    findings = examine(Checkup(read_project(root), history=history))
    if as_json:
        click.echo(json.dumps({"schema": 1, "findings": [finding.as_json() for finding in findings]}, indent=2))
    else:
        for finding in findings:
            click.echo(f"{finding}\n")
    if any(finding.severity != "note" for finding in findings):
        sys.exit(1)
