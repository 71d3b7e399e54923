"""`pypi-runbook pretend …` for the pages of a project, and for what an index's administrators do to it."""

from __future__ import annotations

import click

from pypi_runbook.cli.pretend_accounts import do, index_option


@click.command(short_help="let an account take a project's name")
@click.argument("name")
@click.option("--account", metavar="NAME", required=True, help="Whose project it becomes.")
@click.option("--race", is_flag=True, help="Only in the moment in which the next upload is about to make the project.")
@index_option
def register(name: str, account: str, race: bool, index: str | None) -> None:
    """Let an account have a project called NAME, with nothing in it, as after a first upload by somebody else."""
    do("register", name=name, account=account, race=race, index=index)


@click.command(short_help="make an account owner or maintainer of a project, or nobody in it")
@click.argument("project")
@click.argument("account")
@click.argument("role", metavar="owner|maintainer|nobody")
@index_option
def role(project: str, account: str, role: str, index: str | None) -> None:
    """Give ACCOUNT a role in PROJECT, or take it away."""
    do("role", project=project, account=account, role=role, index=index)


@click.command(short_help="archive a project, quarantine it, or make it active again")
@click.argument("name")
@click.option("--status", metavar="WORD", help="`active`, `archived` or `quarantined`.")
@click.option("--holds", metavar="SIZE", help="Take it to hold so much besides its files, for example 10GB.")
@index_option
def project(name: str, status: str | None, holds: str | None, index: str | None) -> None:
    """Change the project NAME.

    Its owners archive a project, and make it active again. The index's administrators quarantine it: then it lists no file,
    and the accounts of its owners and maintainers are frozen, until `pretend account` says otherwise.
    """
    do("project", name=name, status=status, holds=holds, index=index)


@click.command(short_help="raise the limits of size for a project")
@click.argument("project")
@click.option("--file", "file_limit", metavar="SIZE", help="For one file, for example 200MB; 100 MB unless said, and at most 1 GB.")
@click.option("--total", "total_limit", metavar="SIZE", help="For all files together, for example 20GB; 10 GB unless said.")
@index_option
def limit(project: str, file_limit: str | None, total_limit: str | None, index: str | None) -> None:
    """Raise the limits of size for PROJECT, as the index's administrators do when they are asked."""
    do("limit", project=project, file=file_limit, total=total_limit, index=index)


@click.command("yank", short_help="yank a release, so that nobody gets it who does not name it")
@click.argument("project")
@click.argument("version")
@click.option("--reason", default="", help="Why, for whoever installs it all the same.")
@index_option
def yank(project: str, version: str, reason: str, index: str | None) -> None:
    """Yank the release VERSION of PROJECT."""
    do("yank", project=project, version=version, reason=reason, index=index)


@click.command(short_help="take a yank back")
@click.argument("project")
@click.argument("version")
@index_option
def unyank(project: str, version: str, index: str | None) -> None:
    """Take back that VERSION of PROJECT is yanked."""
    do("unyank", project=project, version=version, index=index)


@click.command(short_help="delete a project, a release, or one file of it")
@click.argument("project")
@click.argument("version", required=False)
@click.argument("filename", required=False)
@index_option
def delete(project: str, version: str | None, filename: str | None, index: str | None) -> None:
    """Delete PROJECT, or only its release VERSION, or only the file FILENAME of that release."""
    do("delete", project=project, version=version, filename=filename, index=index)


COMMANDS = (role, yank, unyank, delete, project)
ADMINISTRATION = (limit,)
OTHERS = (register,)
