"""`pypi-runbook twin`: a command, or a terminal, with the twin of PyPI, TestPyPI and GitHub around it."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pypi_runbook.cli import json_option, project_option
from pypi_runbook.errors import RunbookError
from pypi_runbook.twin.remote import ask, is_inside

if TYPE_CHECKING:
    from pypi_runbook.twin import Twin

HELP = """Run COMMAND with the twin of PyPI, TestPyPI and GitHub around it.

The twin answers at the real addresses, for COMMAND and what it starts: unmodified clients build, upload, install and are
refused as on PyPI, and nothing leaves this machine. Everybody else's packages are read through with your pip settings and kept.
TestPyPI knows only what was uploaded to it.

COMMAND gets a fresh HOME and none of your credentials. Two variables hold a token each, for the user name __token__:
PYPI_RUNBOOK_TOKEN_PYPI and PYPI_RUNBOOK_TOKEN_TESTPYPI. The exit status is COMMAND's, or 125 to 127 as env(1) uses them.
At the end you read what was uploaded where, and what was refused and why.

Inside a twin, COMMAND joins the one that is there. `pypi-runbook pretend` does there what is done on an index's web pages.

Without COMMAND the twin stays up, and prints what another terminal has to export to be inside, until Ctrl-C.

\b
Examples:
  pypi-runbook twin -- bash
  pypi-runbook twin -- sh -c 'TWINE_PASSWORD=$PYPI_RUNBOOK_TOKEN_TESTPYPI twine upload -u __token__ -r testpypi dist/*'
  pypi-runbook twin --state .twin > twin.env      (elsewhere: . ./twin.env)
"""


@click.command(help=HELP, context_settings={"allow_interspersed_args": False, "help_option_names": ["-h", "--help"]})
@click.option(
    "--state", type=click.Path(path_type=Path, file_okay=False), help="Keep indexes, accounts and tokens in this folder.  [default: a temporary one]"
)
@click.option("--offline", is_flag=True, help="Serve other people's packages only from what earlier twins kept.")
@project_option
@json_option
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def command(state: Path | None, offline: bool, root: Path, as_json: bool, command: tuple[str, ...]) -> int:
    """Run COMMAND with the twin around it."""
    if as_json and command:
        raise click.UsageError("--json prints the environment, which is of use only without COMMAND")
    if is_inside():
        return join(list(command), new_world=bool(state or offline))
    # Imported here, so that the site can show this command's help without the twin's packages.
    from pypi_runbook.twin import Twin
    from pypi_runbook.twin.person import person_environment
    from pypi_runbook.twin.proxies import OWN_FAILURE

    # Asked to end, the twin takes its folders along, as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Twin.start(state, project=root, offline=offline) as twin, person_environment(twin, os.environ) as environment:
            return around(twin, list(command), environment) if command else stay(twin, environment, as_json=as_json)
    except RunbookError as error:
        error.status = max(error.status, OWN_FAILURE) if command else error.status
        raise


def around(twin: Twin, command: list[str], environment: dict[str, str]) -> int:
    """Run COMMAND inside TWIN, then say what happened; return its status."""
    from pypi_runbook.twin.person import run_command
    from pypi_runbook.twin.proxies import check_command

    check_command(command, twin.layers)
    say([f"{command[0]} runs with PyPI and TestPyPI on this machine; tokens are in PYPI_RUNBOOK_TOKEN_PYPI and PYPI_RUNBOOK_TOKEN_TESTPYPI"])
    status = run_command(command, environment, twin.wrap(command))
    say([*twin.report(), f"layers that held: {', '.join(twin.layers)}"])
    return status


def join(command: list[str], *, new_world: bool) -> int:
    """Run COMMAND in the twin around this process, then say what happened since; return its status."""
    from pypi_runbook.twin.person import run_command

    if new_world or not command:
        next_ = "pypi-runbook twin -- COMMAND joins it; leave it to start another"
        raise RunbookError("inside-a-twin", "there is a twin around this terminal already", next=next_, status=125)
    since = ask("report")["requests"]
    status = run_command(command, os.environ)
    say(ask("report", since=since)["lines"])
    return status


def stay(twin: Twin, environment: Mapping[str, str], *, as_json: bool) -> int:
    """Print what to export and wait for Ctrl-C; return 130."""
    from pypi_runbook.twin.person import credentials, export_lines

    if as_json:
        unset = [name for name in credentials(os.environ) if name not in environment]
        click.echo(json.dumps({"schema": 1, "environment": environment, "unset": unset, "layers": ["credentials", "tunnel"]}, indent=2))
    else:
        click.echo("\n".join(export_lines(environment, os.environ)))
    say(["PyPI and TestPyPI are up; run the lines above in another terminal to be inside, and press Ctrl-C here to end"])
    try:
        while True:
            time.sleep(60)
    except KeyboardInterrupt:
        # A terminal that exported the lines has no namespace around it.
        say([*twin.report(), "layers that held: credentials, tunnel"])
    return 130


def say(lines: list[str]) -> None:
    """Print LINES on stderr."""
    for line in lines:
        click.echo(f"twin: {line}", err=True)
