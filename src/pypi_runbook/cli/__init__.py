"""The command line: parses, prints, exits; what the commands do lives on the floors below."""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from pypi_runbook.cli.words import shown
from pypi_runbook.errors import RunbookError
from pypi_runbook.signals import end_on_signals, exit_status

COMMANDS = {
    "show": "say what the real files say",
    "snippets": "list every published snippet, and what became of it in the last run",
    "twin": "run a command with the twin of PyPI, TestPyPI and GitHub around it",
    "pretend": "do inside a twin what a person does on an index's web pages, or what the world does",
    "explain-claims": "say why an index gives a workflow's job no token",
    "rules": "say for which reasons PyPI refuses an upload or a token",
    "build": "build sdist and wheel into a fresh dist/",
    "check": "check what dist/ holds before an index does",
    "upload": "upload dist/ to testpypi or pypi",
    "verify": "compare what an index serves with what was built",
    "rehearse": "run the real workflow here, with the twin as its PyPI",
    "doctor": "say what would make the next release fail, or unsafe",
    "site": "build the guides into site/",
}
HIDDEN = {"site"}
EXTRA_OF = {
    "markdown_it": "doctor",
    "aiohttp": "twin",
    "jwt": "twin",
    "trustme": "twin",
    "mkdocs": "site",
    "markdown": "site",
    "sybil": "site",
    "pytest": "site",
}


class Commands(click.Group):
    """Import a command's module only when it is asked for, so that `show` starts without the twin's or the site's packages."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the commands that people are shown."""
        return [name for name in COMMANDS if name not in HIDDEN]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Return the command NAME from its module; RunbookError when the module needs an extra that is not installed."""
        if name not in COMMANDS:
            return None
        try:
            command: click.Command = importlib.import_module(f"{__name__}.{name.replace('-', '_')}").command
        except ModuleNotFoundError as error:
            raise missing_extra(name, error) from error
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; one that imports what it needs only now may find that an extra is missing."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            raise missing_extra(str(ctx.invoked_subcommand), error) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command with its line, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])


def missing_extra(command: str, error: ModuleNotFoundError) -> Exception:
    """Return the error that names the extra which COMMAND lacks, or ERROR itself when no extra would help."""
    package = (error.name or "").split(".")[0]
    if package not in EXTRA_OF:
        return error
    extra = EXTRA_OF[package]
    message = f"`pypi-runbook {command}` needs the extra `{extra}`: the package {package} is not installed"
    return RunbookError("missing-extra", message, next=f"pip install 'pypi-runbook[{extra}]'", page="reference/commands.md")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pypi-runbook")
def cli() -> None:
    """A publishing guide that cannot go stale: facts from the real files, commands run against a local twin of PyPI."""


def main() -> None:
    """Run the command line and exit: 0 yes, 1 the checked thing is not right, 2 the request failed, 130 Ctrl-C, 143 SIGTERM."""
    end_on_signals()
    try:
        status = cli.main(standalone_mode=False)
    except RunbookError as error:
        status = report(error)
    except (click.exceptions.Abort, KeyboardInterrupt) as error:
        status = exit_status(error)
    except click.ClickException as error:
        error.show()
        status = 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status if isinstance(status, int) else 0)


def report(error: RunbookError) -> int:
    """Print ERROR as words on stderr, or as JSON on stdout where `--json` was asked for; return its exit status."""
    if "--json" in sys.argv:
        click.echo(json.dumps(error.as_json(), indent=2))
    click.echo(f"error: {shown(str(error))}", err=True)
    return error.status


project_option = click.option(
    "--project",
    "root",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=".",
    help="The repository to work on.  [default: this folder]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
