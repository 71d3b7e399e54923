"""`pypi-runbook pretend …` for the pages of an account, and for what an index's administrators do to it."""

from __future__ import annotations

import re
from typing import Any

import click

from pypi_runbook.twin.flags import FLAGS
from pypi_runbook.twin.remote import ask

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

FLAG_HELP = f"""Switch one of the administrators' flags on. Each stops something for everybody:

\b
{chr(10).join(f"{name:<36} {stops}" for name, stops in FLAGS.items())}
"""

index_option = click.option("--index", metavar="NAME", help="`testpypi` or `pypi`.  [default: testpypi]")
account_option = click.option("--account", metavar="NAME", help="Whose.  [default: maintainer, whose tokens you have from the start]")


def do(action: str, **arguments: Any) -> dict[str, Any]:
    """Let the twin perform ACTION, say on stderr what it did, and return its answer."""
    answer = ask(action, **arguments)
    click.echo(answer["said"], err=True)
    return answer


def seconds(text: str) -> float:
    """Return how long TEXT says, for example 15m."""
    found = re.fullmatch(r"(\d+)([smhd])", text)
    if not found:
        raise click.BadParameter(f"{text}: write it as a number and s, m, h or d, for example 15m")
    return float(found[1]) * UNITS[found[2]]


@click.command(short_help="make an account, or take its address, second factor or freedom away")
@click.argument("name")
@click.option("--unverified", is_flag=True, help="Its first address is not verified.")
@click.option("--no-2fa", is_flag=True, help="It has no second factor.")
@click.option("--frozen", is_flag=True, help="The index's administrators froze it, or its password was disabled.")
@index_option
def account(name: str, unverified: bool, no_2fa: bool, frozen: bool, index: str | None) -> None:
    """Make the account NAME, or change it.

    Without options it has all that an index wants of an account, also when it had not before.
    """
    do("account", name=name, verified=not unverified, two_factor=not no_2fa, frozen=frozen, index=index)


@click.command(short_help="make an API token, and print it")
@account_option
@click.option("--project", "projects", metavar="NAME", multiple=True, help="Limit it to this project; may be given more than once.")
@click.option("--valid-for", metavar="TIME", help="Limit it to this time from now, for example 15m. An index's page cannot; other tools can.")
@click.option("--expired", is_flag=True, help="Its time is over.")
@click.option("--deleted", is_flag=True, help="It was deleted again.")
@index_option
def token(account: str | None, projects: tuple[str, ...], valid_for: str | None, expired: bool, deleted: bool, index: str | None) -> None:
    """Make an API token and print it on stdout, for example into a variable: TWINE_PASSWORD=$(pypi-runbook pretend token)."""
    rest = -1.0 if expired else seconds(valid_for) if valid_for else None
    click.echo(do("token", account=account, projects=list(projects), seconds=rest, deleted=deleted, index=index)["token"])


@click.command(short_help="delete all API tokens of an account")
@account_option
@index_option
def revoke(account: str | None, index: str | None) -> None:
    """Delete every API token of an account, as one does after a leak."""
    do("revoke", account=account, index=index)


@click.command(short_help="make an organization that owns projects, and may be inactive")
@click.argument("name")
@click.option("--inactive", is_flag=True, help="It has not paid, or the index's administrators stopped it.")
@click.option("--project", "projects", metavar="NAME", multiple=True, help="Hand it this project; may be given more than once.")
@index_option
def organization(name: str, inactive: bool, projects: tuple[str, ...], index: str | None) -> None:
    """Make the organization NAME, or change it: without --inactive it is active again."""
    do("organization", name=name, active=not inactive, projects=list(projects), index=index)


@click.command(short_help="stop uploads, new projects or Trusted Publishing for everybody", help=FLAG_HELP)
@click.argument("name")
@click.option("--off", is_flag=True, help="End it.")
@index_option
def flag(name: str, off: bool, index: str | None) -> None:
    """Switch one of the administrators' flags on."""
    do("flag", name=name, on=not off, index=index)


COMMANDS = (account, token, revoke)
ADMINISTRATION = (flag, organization)
