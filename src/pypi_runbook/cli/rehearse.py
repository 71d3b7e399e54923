"""`pypi-runbook rehearse`: the real workflow, run here with the twin as its PyPI."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pypi_runbook.cli import json_option, project_option
from pypi_runbook.errors import RunbookError
from pypi_runbook.manual.release import at, open_state
from pypi_runbook.rehearsal.system import check_system
from pypi_runbook.twin.trusted.publishers import FORM, read_publisher

if TYPE_CHECKING:
    from pypi_runbook.rehearsal.rehearse import Request
    from pypi_runbook.rehearsal.results import Report

NOTHING = "none"
EVENTS = ("release", "push", "workflow_dispatch")
PAGE = "publishing/rehearsal.md"

HELP = """Run the project's real publishing workflow on this machine, with the twin as its PyPI, TestPyPI and GitHub.

EVENT is what starts it: release (the default), push or workflow_dispatch. The jobs run one after the other on a clone of the ref,
each in a folder of its own with an empty HOME and no secrets; nothing leaves this machine. Commits only, unless you say --working-tree.

At the end you read what was published where, under which identity and with which hashes, what became of the release's notes, and
what was not rehearsed. The exit status is 0 for success, 1 when a job failed or a part was not rehearsed, and 2 when the
workflow or the request cannot be understood.

\b
Examples:
  pypi-runbook rehearse
  pypi-runbook rehearse workflow_dispatch --input testpypi=true
  pypi-runbook rehearse release --working-tree --notes 'Fixes the release.'
"""


@click.command(help=HELP)
@click.argument("event", default="release", type=click.Choice(EVENTS))
@click.option("--ref", help="The branch or tag to rehearse.  [default: what the event would have]")
@click.option("--input", "inputs", multiple=True, metavar="NAME=VALUE", help="An input of workflow_dispatch.")
@click.option("--workflow", metavar="FILE", help="The workflow.  [default: the one that publishes]")
@click.option("--working-tree", is_flag=True, help="Rehearse local edits too, as a commit of their own.")
@click.option("--prerelease/--no-prerelease", default=None, help="What the release says of itself.  [default: as its version is]")
@click.option("--notes", metavar="TEXT", help="The text of the release, as a person would write it.")
@click.option("--publisher", metavar=f"none|{FORM}", help="Register nothing, or this publisher instead of those that the files say.")
@click.option("--run-number", type=click.IntRange(1), metavar="N", help="The number of the run.  [default: one more than the last in this twin]")
@click.option(
    "--repository", "repositories", multiple=True, metavar="OWNER/NAME=FOLDER", help="A folder that stands for a repository whose workflow is called."
)
@click.option("--yes", is_flag=True, help="Rehearse another person's repository without asking.")
@project_option
@json_option
def command(root: Path, as_json: bool, yes: bool, **asked: Any) -> int:
    """Rehearse."""
    check_system(os.name)
    # Imported here, so that the site can show this command's help without the twin's packages.
    from pypi_runbook.rehearsal.consent import stranger
    from pypi_runbook.rehearsal.rehearse import rehearse
    from pypi_runbook.rehearsal.telling import as_json as document
    from pypi_runbook.rehearsal.telling import in_words

    request = read_request(**asked)
    if not yes and (why := stranger(root)):
        consent(why)
    report = rehearse(root, request, say)
    store(report, root)
    for line in in_words(report):
        say(line)
    if as_json:
        click.echo(json.dumps(document(report), indent=2))
    return 0 if report.result == "success" else 1


def read_request(inputs: tuple[str, ...], publisher: str | None, repositories: tuple[str, ...], notes: str | None, **asked: Any) -> Request:
    """Return what the options ask for; RunbookError for one that cannot be read."""
    from pypi_runbook.rehearsal.rehearse import DEFAULT_NOTES, Request

    folders = {name.lower(): Path(folder) for name, folder in pairs(repositories, "--repository", "OWNER/NAME=FOLDER").items()}
    for name, folder in folders.items():
        if not folder.is_dir():
            raise RunbookError("no-such-folder", f"there is no folder {folder} for {name}", next="clone the repository there", page=PAGE)
    return Request(
        inputs=pairs(inputs, "--input", "NAME=VALUE"),
        registers=publisher != NOTHING,
        publisher=read_publisher(publisher) if publisher not in (None, NOTHING) else None,
        repositories=folders,
        notes=DEFAULT_NOTES if notes is None else notes,
        **asked,
    )


def pairs(texts: tuple[str, ...], option: str, form: str) -> dict[str, str]:
    """Return what is left and right of `=` in each of TEXTS."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.UsageError(f"{option} {text!r}: write it as {form}")
        found[name] = value
    return found


def consent(why: str) -> None:
    """Ask whether another person's workflow may run here; RunbookError without a terminal to ask on, or without a yes."""
    next_ = "read its workflow first, then add --yes"
    if not sys.stdin.isatty():
        raise RunbookError("not-yours", f"this repository seems to be another person's: {why}", next=next_, page=PAGE)
    if not click.confirm(f"This repository seems to be another person's: {why}.\nIts workflow runs commands on this machine. Rehearse it?", err=True):
        raise click.exceptions.Abort


def store(report: Report, root: Path) -> None:
    """Keep REPORT in the project's own folder for such things; a folder that cannot be written costs only that."""
    from pypi_runbook.rehearsal.telling import NAME, keep

    try:
        keep(report, open_state(at(root)))
    except OSError as error:
        say(f"the report could not be written to .pypi-runbook/{NAME}: {error.strerror}")


def say(line: str) -> None:
    """Print LINE on stderr."""
    click.echo(f"rehearse: {line}", err=True)
