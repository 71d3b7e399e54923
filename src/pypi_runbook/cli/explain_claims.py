"""`pypi-runbook explain-claims`: what keeps a job's claims and the publisher apart, which PyPI does not say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TextIO

import click

from pypi_runbook.cli import json_option, project_option
from pypi_runbook.errors import RunbookError
from pypi_runbook.project import read_project
from pypi_runbook.project.indexes import INDEXES
from pypi_runbook.twin.trusted.comparison import PAGE, Comparison, compare
from pypi_runbook.twin.trusted.differences import quoted
from pypi_runbook.twin.trusted.log import read_claims
from pypi_runbook.twin.trusted.publishers import FORM, read_publisher

HELP = """Compare the claims of a failed job with the publisher that the index should know.

LOG is a file, or - for what you paste: the claims that the publishing action or uv printed, a JSON object, or an identity
token, which is read and never shown. The publisher is the one that your project's files say should be registered.
What is registered in fact, only the index's page tells; give it with --publisher when it is another one.

\b
Examples:
  pypi-runbook explain-claims failed.log
  gh run view --log-failed | pypi-runbook explain-claims -
"""


@click.command(help=HELP)
@click.argument("log", type=click.File(errors="replace"), default="-")
@click.option("--publisher", metavar=FORM, help="What the index's page shows.  [default: what your files say]")
@click.option("--index", type=click.Choice(list(INDEXES)), help="[default: the one that fits best]")
@project_option
@json_option
def command(log: TextIO, publisher: str | None, index: str | None, root: Path, as_json: bool) -> int:
    """Compare, print, and return 0 when all agrees, 1 when something differs."""
    if log.isatty():
        click.echo("paste the claims, then press Enter and Ctrl-D", err=True)
    claims = read_claims(log.read())
    if not claims:
        message = "no claims can be read there"
        next_ = "give the part of the log with `repository`, `job_workflow_ref` and `environment`; twine does not print them"
        name = str(getattr(log, "name", "-"))
        raise RunbookError("no-claims", message, file=None if name in ("-", "<stdin>") else name, next=next_, page=PAGE)
    found = compare(read_project(root), claims, read_publisher(publisher) if publisher else None, index)
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=2))
    else:
        show(found, given=bool(publisher))
    return 1 if found.differences else 0


def show(found: Comparison, *, given: bool) -> None:
    """Print FOUND for people; GIVEN tells whether they named the publisher themselves."""
    click.echo(f"{found.index.title}: the job beside the publisher{'' if given else ' that your files say'}")
    different = {each.field: each for each in found.differences}
    for field, job, publisher in found.rows:
        if field in different:
            continue
        value = quoted(job) if job else ("none" if found.is_known(field) else "not in what you gave")
        word = "same      " if found.is_known(field) else "unknown   "
        click.echo(f"  {word} {field}: {value}{'' if publisher else ' (the publisher takes any)'}")
    for each in found.differences:
        click.echo(f"  DIFFERENT  {each}\n             page: {each.page}")
    if not found.differences and not given:
        click.echo(f"So {found.index.title} knows another publisher than your files say, or none.")
    click.echo(f"What is registered: {found.address}")
