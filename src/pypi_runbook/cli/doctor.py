"""`pypi-runbook doctor`: what would make the next release fail or unsafe, before anyone tags."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import click

from pypi_runbook.cli import json_option, project_option
from pypi_runbook.cli.words import shown
from pypi_runbook.doctor import Checkup, examine
from pypi_runbook.doctor.annotations import annotation
from pypi_runbook.doctor.distributions import fresh_dist, given_dist, own_dist
from pypi_runbook.doctor.forms import Publisher, publishers
from pypi_runbook.doctor.progress import Progress
from pypi_runbook.doctor.tools import require
from pypi_runbook.finding import Finding
from pypi_runbook.project import read_project
from pypi_runbook.project.published import main_distribution


@click.command()
@click.option(
    "--dist",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="Examine the built files in DIR.  [default: dist/, when it holds the project's version and nothing else]",
)
@click.option("--build", is_flag=True, help="Build first, in a clone that is thrown away; installs build requirements and runs the build backend.")
@click.option("--history/--no-history", default=True, show_default=True, help="Search git's history for tokens too.")
@click.option("--online/--offline", default=False, show_default=True, help="Ask PyPI whether it has the version already.")
@project_option
@json_option
def command(dist: Path | None, build: bool, history: bool, online: bool, root: Path, as_json: bool) -> None:
    """Say what would make the next release fail, or unsafe, before anyone tags.

    Metadata, lock, tag and version, the publishing workflows, the guide's own commands, tokens in files and in history; with built
    files also what PyPI would refuse of them. Nothing of the project is run without --build, and nothing is changed.

    Prints what is not right, and below it what the indexes' forms for a trusted publisher must say. The exit status is 1 when
    something is an error or a warning; a note alone is none.
    """
    if dist and build:
        raise click.UsageError("--dist and --build exclude each other: one names files, the other makes them")
    require()
    facts = read_project(root)
    project = main_distribution(facts)
    with ExitStack() as stack:
        say = stack.enter_context(Progress(lambda words: click.echo(f"examining: {words}", err=True)))
        say("built files" if dist or not build else "a build")
        folder = stack.enter_context(fresh_dist(facts.root, project)) if build else given_dist(dist) if dist else own_dist(facts.root, project)
        findings = examine(Checkup(facts, folder, fresh=build, history=history, online=online, say=say))
    report(findings, publishers(facts), as_json=as_json)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        annotate(findings, facts.root)
    if any(finding.severity != "note" for finding in findings):
        sys.exit(1)


def report(findings: list[Finding], forms: list[Publisher], *, as_json: bool) -> None:
    """Print FINDINGS and FORMS, as JSON or for people, and a line that counts them on stderr."""
    if as_json:
        document = {"schema": 1, "findings": [finding.as_json() for finding in findings], "publishers": [form.as_json() for form in forms]}
        click.echo(json.dumps(document, indent=2))
        return
    for finding in findings:
        click.echo(f"{shown(str(finding))}\n")
    if forms:
        click.echo("What the forms for a trusted publisher must say:\n")
    for form in forms:
        click.echo(f"{form}\n")
    click.echo(total(findings), err=True)


def total(findings: list[Finding]) -> str:
    """Return how many FINDINGS there are, in a sentence."""
    counts = Counter(finding.severity for finding in findings)
    words = [f"{count} {severity}{'s' * (count > 1)}" for severity in ("error", "warning", "note") if (count := counts[severity])]
    return f"{', '.join(words)}." if words else "Nothing was found that speaks against a release."


def annotate(findings: list[Finding], root: Path) -> None:
    """Print FINDINGS as annotations; on stderr, where the runner reads them too, so that stdout stays JSON for programs."""
    workspace = Path(os.environ.get("GITHUB_WORKSPACE") or root).resolve()
    prefix = f"{root.relative_to(workspace).as_posix()}/" if root.is_relative_to(workspace) and root != workspace else ""
    for finding in findings:
        click.echo(annotation(finding, prefix), err=True)
