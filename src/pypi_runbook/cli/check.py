"""`pypi-runbook check`: what an index would refuse, before it does."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pypi_runbook.cli import json_option, project_option
from pypi_runbook.cli.words import shown
from pypi_runbook.manual.check import ACCEPTABLE, Report, check
from pypi_runbook.manual.release import read_release
from pypi_runbook.manual.tools import say

STYLES = {"ok": "green", "note": "cyan", "warning": "yellow", "error": "bold red"}
WIDTH = 120


@click.command()
@click.option("--online/--offline", default=True, show_default=True, help="Ask PyPI and TestPyPI whether they have this version already.")
@click.option(
    "--accept", "accepted", multiple=True, type=click.Choice(ACCEPTABLE), help="An error that you have looked at and take upon you; may be repeated."
)
@project_option
@json_option
def command(online: bool, accepted: tuple[str, ...], root: Path, as_json: bool) -> None:
    """Check what dist/ holds before an index, or a user, does.

    One version of this project and nothing else, from the commit and the tag that it should be; `twine check --strict` and PyPI's own
    rules; wheel, sdist and commit agree; no secrets, no leftovers; the description; and a clean environment in which it is installed,
    imported and started. Whether the indexes have this version already is asked too: no token is needed for that, and without an
    answer it is a note.

    Prints what was checked and what is not right. The exit status is 1 when something must not be uploaded.
    """
    report = check(read_release(root), ask_indexes=online, accepted=accepted)
    if as_json:
        click.echo(json.dumps(document(report), indent=2))
    else:
        show(report)
    if not report.passed:
        sys.exit(1)
    say("dist/ is ready to be uploaded.")


def document(report: Report) -> dict[str, object]:
    """Return REPORT as the design's JSON has it."""
    checks = [{"check": step.title, "result": step.result, "seen": step.seen} for step in report.steps]
    return {"schema": 1, "findings": [finding.as_json() for finding in report.findings], "checks": checks, "files": report.files}


def show(report: Report) -> None:
    """Print a line for each thing that was looked at, then what is not right."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
    table = Table("Checked", "Result", "Seen", box=None, header_style="bold", pad_edge=False)
    for step in report.steps:
        table.add_row(step.title, Text(step.result, STYLES[step.result]), Text(step.seen))
    console.print(table)
    for finding in report.findings:
        click.echo(f"\n{shown(str(finding))}")
