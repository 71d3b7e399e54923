"""`pypi-runbook show`: the facts as JSON for programs, or as tables for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from pypi_runbook.cli import json_option, project_option
from pypi_runbook.cli.words import shown
from pypi_runbook.project import Facts, Job, read_project
from pypi_runbook.project.routes import warnings


@click.command()
@project_option
@json_option
@click.option(
    "--ask-backend", is_flag=True, help="Run the build backend for what no file says; installs build requirements and runs the project's code."
)
def command(root: Path, as_json: bool, ask_backend: bool) -> None:
    """Say what the real files say about this project's publishing."""
    facts = read_project(root)
    if ask_backend:
        from pypi_runbook.project.backend import ask_backend as ask  # `build` takes longer to import than all of the reading

        facts = ask(facts, lambda line: click.echo(line, err=True))
    if as_json:
        document = facts.as_json() | {"warnings": [finding.as_json() for finding in warnings(facts)]}
        click.echo(json.dumps(document, indent=2))
    else:
        print_tables(facts)


def print_tables(facts: Facts) -> None:
    """Print FACTS for people, on stdout."""
    console = Console(highlight=False, markup=False, emoji=False)  # values are shown as they stand, brackets too
    for table in tables(facts):
        console.print(table)


def tables(facts: Facts) -> Iterator[Table]:
    """Yield one table for each kind of fact; a kind without any is left out."""
    yield grid("Project", project_rows(facts))
    yield grid("Repository", [(name, value or "unknown") for name, value in vars(facts.repository).items()])
    for workflow in facts.workflows:
        events = ", ".join(trigger.event + "".join(f" ({kind})" for kind in trigger.types) for trigger in workflow.triggers)
        jobs = Table(
            "job",
            "needs",
            "environment",
            "id-token",
            "Python",
            "publishes to",
            title=shown(f"{workflow.name}: {workflow.file}"),
            caption=shown(f"starts on {events}"),
            title_justify="left",
        )
        for column in jobs.columns:
            column.overflow = "fold"
        for job in workflow.jobs:
            jobs.add_row(*map(shown, job_row(job)))
        yield jobs
    if facts.unknown:
        yield grid("Unknown", [(item.path, item.reason) for item in facts.unknown])
    if found := warnings(facts):
        yield grid("Warnings", [(f"{each.file}:{each.line}", f"{each.message}\n{each.fix} ({each.page})") for each in found])


def project_rows(facts: Facts) -> list[tuple[str, str]]:
    """Return what the tables say about the project and its further distributions."""
    project = facts.project
    fields = ("name", "version", "backend", "license", "requires_python", "description", "readme", "file")
    rows = [(field, getattr(project, field) or "unknown") for field in fields]
    rows += [("imported as", ", ".join(project.import_names) or "unknown"), ("needs", ", ".join(project.dependencies) or "nothing")]
    rows += [(label, url) for label, url in project.urls.items()]
    return rows + [("also", f"{other.name} {other.version} ({other.file})") for other in facts.projects]


def job_row(job: Job) -> tuple[str, ...]:
    """Return what the table says about JOB."""
    uploads = [f"{upload.index or 'unknown'} ({upload.client}, {upload.auth})" for upload in job.publishes]
    cells = [[f"{job.id}:{job.line}"], job.needs, [job.environment or ""], [job.id_token or ""], job.python_versions, uploads]
    return tuple("\n".join(cell) for cell in cells)


def grid(title: str, rows: list[tuple[str, str]]) -> Table:
    """Return a table of names and values."""
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    for row in rows:
        table.add_row(*map(shown, row))
    return table
