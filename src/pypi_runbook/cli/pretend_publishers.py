"""`pypi-runbook pretend publisher` and `pending-publisher`: what a person does on an index's publishing pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from pypi_runbook.cli import json_option, project_option
from pypi_runbook.cli.pretend_accounts import account_option, index_option
from pypi_runbook.errors import RunbookError
from pypi_runbook.project import read_project
from pypi_runbook.twin.remote import ask
from pypi_runbook.twin.trusted.publishers import FORM, read_publisher

WHERE = {
    False: ("trusted publishers of a project", "the project's settings, under Publishing"),
    True: ("pending publishers, which make their project", "your account, under Publishing"),
}


def publishers(*, pending: bool) -> click.Group:
    """Return the commands for publishers, or for pending ones."""
    what, page = WHERE[pending]
    name = "pending-publisher" if pending else "publisher"
    example = f"pypi-runbook pretend {name} add my-project me/my-project/publish.yml@pypi --index pypi"
    group = click.Group(name, help=f"List and change the {what}.\n\nOn the real index you do this in {page}.\n\n\b\nExample:\n  {example}")
    group.short_help = f"list and change the {what}"
    for make in (_add, _list, _remove):
        group.add_command(make(pending=pending))
    return group


def _add(*, pending: bool) -> click.Command:
    @click.command("add", short_help="fill in the form and select Add")
    @click.argument("project")
    @click.argument("publisher", metavar=FORM)
    @index_option
    @account_option
    @project_option
    def add(project: str, publisher: str, index: str | None, account: str | None, root: Path) -> None:
        """Register a publisher for PROJECT, by the form's own rules."""
        fields = read_publisher(publisher).as_json()
        added = ask("add-publisher", index=index, project=project, publisher=fields, pending=pending, account=account, spelling=_spelling(root))
        click.echo(line(added), err=True)

    return add


def _list(*, pending: bool) -> click.Command:
    @click.command("list", short_help="show what is registered")
    @click.option("--index", help="`pypi` or `testpypi`.  [default: both]")
    @json_option
    def list_(index: str | None, as_json: bool) -> None:
        """Show what is registered, one publisher a line."""
        found = ask("list-publishers", index=index, pending=pending)["publishers"]
        if as_json:
            click.echo(json.dumps({"schema": 1, "publishers": found}, indent=2))
            return
        for each in found:
            click.echo(line(each))

    return list_


def _remove(*, pending: bool) -> click.Command:
    @click.command("remove", short_help="remove one")
    @click.argument("project")
    @click.argument("publisher", metavar=FORM)
    @index_option
    def remove(project: str, publisher: str, index: str | None) -> None:
        """Remove a publisher of PROJECT."""
        ask("remove-publisher", index=index, project=project, publisher=read_publisher(publisher).as_json(), pending=pending)
        click.echo(f"removed {publisher}", err=True)

    return remove


def line(registered: dict[str, Any]) -> str:
    """Return what a person reads about a publisher: index, projects, the publisher itself, and how long a pending one lives."""
    kind = f"pending until {registered['expires'][:10]}" if registered["pending"] else "registered"
    return f"{registered['title']}: {', '.join(registered['projects'])}: {registered['publisher']} ({kind})"


def _spelling(root: Path) -> list[str]:
    """Return the owner as GitHub spells it, which the form asks GitHub for: as far as the project in ROOT says it."""
    try:
        owner = read_project(root).repository.owner
    except RunbookError:
        return []
    return [owner] if owner else []
