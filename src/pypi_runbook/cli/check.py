"""`pypi-runbook check`: what an index would refuse, before it does."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from pypi_runbook.cli import json_option, project_option
from pypi_runbook.manual.check import check
from pypi_runbook.manual.release import read_release
from pypi_runbook.manual.tools import say


@click.command()
@project_option
@json_option
def command(root: Path, as_json: bool) -> None:
    """Check what dist/ holds before an index does.

    dist/ must hold one version of this project and nothing else, name and version must agree with pyproject.toml, and
    `twine check --strict` must pass. Prints what is not right; the exit status is 1 when something must not be uploaded.
    """
    findings = check(read_release(root))
    if as_json:
        click.echo(json.dumps({"schema": 1, "findings": [finding.as_json() for finding in findings]}, indent=2))
    else:
        for finding in findings:
            click.echo(finding)
    if any(finding.severity == "error" for finding in findings):
        sys.exit(1)
    say("dist/ is ready to be uploaded.")
