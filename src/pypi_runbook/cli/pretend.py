"""`pypi-runbook pretend`: inside a twin, what a person does on an index's web pages, and what the world does to them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import click

from pypi_runbook.cli import json_option, pretend_accounts, pretend_projects
from pypi_runbook.cli.pretend_publishers import publishers
from pypi_runbook.twin.faults import KINDS, described, read_fault
from pypi_runbook.twin.remote import ask

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

HELP = """Do inside a twin what a person does on an index's web pages, or what the world does.

Nothing of it reaches the real PyPI: without a twin around your terminal there is nothing to change.
What belongs to one index happens on TestPyPI, where people try things, unless you add --index pypi.

\b
Examples:
  pypi-runbook twin -- bash
  pypi-runbook pretend yank my-project 1.0 --reason "does not start"
  pypi-runbook pretend account maintainer --no-2fa
  pypi-runbook pretend fault outage --requests 2
  pypi-runbook pretend clock +15d
"""

SECTIONS = {
    "The project's pages": [*pretend_projects.COMMANDS],
    "The account's pages": [*pretend_accounts.COMMANDS],
    "The index's administrators": [*pretend_accounts.ADMINISTRATION, *pretend_projects.ADMINISTRATION],
    "Other people": [*pretend_projects.OTHERS],
}
# Those commands come from other modules, or stand below.
PLACES = {"publisher": "The project's pages", "pending-publisher": "The account's pages"}
REST = "The world"


class Deeds(click.Group):
    """Lists the commands by where, or by whom, it is done."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that ARGS begin with; one that there is not is answered with those that there are."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            raise click.UsageError(f"there is nothing called {args[0]} to pretend; choose from {', '.join(sorted(self.commands))}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write one list of commands for each place."""
        places = {str(each.name): title for title, commands in SECTIONS.items() for each in commands} | PLACES
        for title in (*SECTIONS, REST):
            here = [each for name, each in self.commands.items() if places.get(name, REST) == title and not each.hidden]
            with formatter.section(title):
                formatter.write_dl([(str(each.name), each.get_short_help_str(120)) for each in here])


FAULT_HELP = f"""Let an index fail in the way called NAME.

\b
{chr(10).join(f"{written}{chr(10)}    {words}" for written, words in described())}

\b
Examples:
  pypi-runbook pretend fault outage status=502 --requests 2 --only uploads
  pypi-runbook pretend fault lag seconds=30 --index pypi
"""


@click.group(help=HELP, cls=Deeds)
def command() -> None:
    """Change the world of the twin around this terminal."""


for commands in SECTIONS.values():
    for each in commands:
        command.add_command(each)


for group in (publishers(pending=False), publishers(pending=True)):
    command.add_command(group)


@command.command(short_help="let the index fail on purpose", help=FAULT_HELP)
@click.argument("name")
@click.argument("options", nargs=-1, metavar="[OPTION=VALUE]...")
@click.option("--requests", metavar="NUMBER", help="Only for so many requests.  [default: until `clear`]")
@click.option("--index", metavar="NAME", help="`pypi`, `testpypi` or `github`.  [default: both indexes]")
@click.option("--only", metavar="KIND", help="Only `uploads`, or only `reads`.")
@click.option("--path", metavar="PATTERN", help="Only addresses of this pattern, for example '/simple/*'.")
def fault(name: str, options: tuple[str, ...], **limits: str | None) -> None:
    """Let an index fail in the way called NAME."""
    text = f"{name}:{','.join(options)}"
    read_fault(text, limits)
    ask("fault", name=text, **limits)
    click.echo(f"{name} is on", err=True)


@command.command(short_help="list the ways in which an index can fail")
@json_option
def faults(as_json: bool) -> None:
    """List the ways in which an index can fail, each with its numbers and what they are unless you say otherwise."""
    if as_json:
        listed = [{"name": name, "description": kind.words, "numbers": dict(kind.numbers)} for name, kind in KINDS.items()]
        click.echo(json.dumps({"schema": 1, "faults": listed}, indent=2))
        return
    for written, words in described():
        click.echo(f"{written}\n    {words}")


@command.command(short_help="end every fault")
def clear() -> None:
    """End every fault."""
    ask("clear")
    click.echo("all faults are off", err=True)


@command.command(short_help="move the index's clock")
@click.argument("offset")
def clock(offset: str) -> None:
    """Let the indexes' clock differ from the real one by OFFSET, for example +15d, -2h, +30s; `now` ends that."""
    now = ask("clock", offset=_seconds(offset))["now"]
    click.echo(f"the indexes' clock says {datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M:%S} UTC", err=True)


def _seconds(offset: str) -> float:
    if offset == "now":
        return 0.0
    found = re.fullmatch(r"([+-]\d+)([smhd])", offset)
    if not found:
        raise click.BadParameter(f"{offset}: write it as a sign, a number and s, m, h or d, for example +15d")
    return float(found[1]) * UNITS[found[2]]
