"""`pypi-runbook twin`: a command, or a terminal, with the twin of PyPI, TestPyPI and GitHub around it."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pypi_runbook.cli import json_option, project_option
from pypi_runbook.errors import RunbookError
from pypi_runbook.project import Facts, read_project
from pypi_runbook.project.indexes import INDEXES
from pypi_runbook.signals import exit_status
from pypi_runbook.twin.faults import read_fault
from pypi_runbook.twin.proxies import OWN_FAILURE, check_command, is_enclosed
from pypi_runbook.twin.remote import ask, is_inside
from pypi_runbook.twin.trusted.publishers import FORM, Publisher, read_publisher

if TYPE_CHECKING:
    from pypi_runbook.twin import Twin
    from pypi_runbook.twin.trusted.jobs import JobRun

NOTHING = "none"
SHELLS = {"sh", "bash", "dash", "zsh", "ksh", "fish"}

HELP = """Run COMMAND with the twin of PyPI, TestPyPI and GitHub around it.

The twin answers at the real addresses, for COMMAND and what it starts: unmodified clients build, upload, install and are
refused as on PyPI, and nothing leaves this machine. Everybody else's packages are read through with your pip settings and kept.
TestPyPI knows only what was uploaded to it.

COMMAND gets a fresh HOME and none of your credentials. Two variables hold a token each, for the user name __token__:
PYPI_RUNBOOK_TOKEN_PYPI and PYPI_RUNBOOK_TOKEN_TESTPYPI. The exit status is COMMAND's, or 125 to 127 as env(1) uses them.
At the end you read what was uploaded where, and what was refused and why.

With --job and --event, COMMAND runs as that job of your real workflow: with GitHub's variables, and with GitHub's identity if
the job has `id-token: write`. So `twine upload` and `uv publish --trusted-publishing always` need no token. On an index that
knows no publisher yet, the one that your files say is registered first.

Inside a twin, COMMAND joins the one that is there. `pypi-runbook pretend` does there what is done on an index's web pages.

Without COMMAND the twin stays up, and prints what another terminal has to export to be inside, until Ctrl-C.

\b
Examples:
  pypi-runbook twin -- bash
  pypi-runbook twin -- sh -c 'TWINE_PASSWORD=$PYPI_RUNBOOK_TOKEN_TESTPYPI twine upload -u __token__ -r testpypi dist/*'
  pypi-runbook twin --job pypi --event release -- twine upload dist/*
  pypi-runbook twin --fault outage:requests=2 --fault lag:seconds=30 -- bash
  pypi-runbook twin --state .twin > twin.env      (elsewhere: . ./twin.env)
"""


@click.command(help=HELP, context_settings={"allow_interspersed_args": False, "help_option_names": ["-h", "--help"]})
@click.option(
    "--state", type=click.Path(path_type=Path, file_okay=False), help="Keep indexes, accounts and tokens in this folder.  [default: a temporary one]"
)
@click.option("--offline", is_flag=True, help="Serve other people's packages only from what earlier twins kept.")
@click.option(
    "--fault", "faults", multiple=True, metavar="NAME[:OPTION=VALUE,...]", help="Let an index fail from the start; `pretend faults` lists how."
)
@click.option("--job", help="Run COMMAND as this job of the project's workflow.")
@click.option("--event", help="What started the workflow: release, push, workflow_dispatch, pull_request or another that it names.")
@click.option("--ref", help="The branch or tag that it runs on.  [default: what the event would have]")
@click.option("--workflow", metavar="FILE", help="The workflow, where several have that job.")
@click.option("--fork", is_flag=True, help="The pull request comes from a fork.")
@click.option("--publisher", metavar=f"none|{FORM}", help="Register nothing, or this publisher instead of the one that the files say.")
@project_option
@json_option
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def command(state: Path | None, offline: bool, root: Path, as_json: bool, faults: tuple[str, ...], command: tuple[str, ...], **asked: Any) -> int:
    """Run COMMAND with the twin around it."""
    if as_json and command:
        raise click.UsageError("--json prints the environment, which is of use only without COMMAND")
    try:
        for fault in faults:
            read_fault(fault)
        acting = read_asked(root, asked, with_command=bool(command))
        return run(state, root, list(command), acting, faults, offline=offline, as_json=as_json)
    except RunbookError as error:
        error.status = max(error.status, OWN_FAILURE) if command else error.status
        raise


@dataclass(frozen=True)
class Acting:
    """What `--job` asks for: the project, the job, and which publisher is registered first (None for none)."""

    facts: Facts
    run: JobRun
    publisher: Publisher | None
    registers: bool


def read_asked(root: Path, asked: dict[str, Any], *, with_command: bool) -> Acting | None:
    """Return what the options about a job ask for, None without `--job`."""
    from pypi_runbook.twin.trusted.jobs import read_job

    job, event, publisher = asked.pop("job"), asked.pop("event"), asked.pop("publisher")
    if job is None:
        if event or publisher or any(asked.values()):
            raise click.UsageError("--event, --ref, --workflow, --fork and --publisher say more about a job: give --job too")
        return None
    if not event or not with_command:
        raise click.UsageError("--job needs --event" if with_command else "--job runs a COMMAND: give one behind --")
    facts = read_project(root)
    run = read_job(facts, job, event, **asked)
    wanted = read_publisher(publisher) if publisher not in (None, NOTHING) else None
    return Acting(facts, run, wanted, registers=publisher != NOTHING and (wanted is not None or not is_inside()))


def run(state: Path | None, root: Path, command: list[str], acting: Acting | None, faults: tuple[str, ...], *, offline: bool, as_json: bool) -> int:
    """Run COMMAND in the twin that is there or in a new one, or keep a new one up, with FAULTS on; return the status."""
    if is_inside():
        for fault in faults:
            ask("fault", name=fault)
        return join(command, acting, new_world=bool(state or offline))
    # Imported here, so that the site can show this command's help without the twin's packages.
    from pypi_runbook.twin import Twin
    from pypi_runbook.twin.person import person_environment

    with Twin.start(state, project=root, offline=offline) as twin, ExitStack() as stack:
        for fault in faults:
            twin.fault(fault)
        kept, enclosed = state is not None, bool(command) and "namespace" in twin.layers
        environment = stack.enter_context(person_environment(twin, os.environ, enclosed=enclosed))
        return around(twin, command, environment, acting, kept=kept) if command else stay(twin, environment, kept=kept, as_json=as_json)


def around(twin: Twin, command: list[str], environment: dict[str, str], acting: Acting | None, *, kept: bool) -> int:
    """Run COMMAND inside TWIN, then say what happened; return its status."""
    from pypi_runbook.twin.person import run_command

    check_command(command, twin.layers)
    say([f"{command[0]} runs with PyPI, TestPyPI and GitHub on this machine; what it uploads goes nowhere else", *([] if acting else guide(command))])
    with as_job(twin.perform, acting, environment) as variables:
        status = run_command(command, variables, twin.wrap(command))
    say([*twin.report(), *goodbye(twin, kept=kept), f"layers that held: {', '.join(twin.layers)}"])
    return status


def join(command: list[str], acting: Acting | None, *, new_world: bool) -> int:
    """Run COMMAND in the twin around this process, then say what happened since; return its status."""
    from pypi_runbook.twin.person import run_command

    # Asked first: a twin that is gone cannot be joined, and does not forbid another one elsewhere.
    since = ask("report")["requests"]
    if new_world or not command:
        next_ = "pypi-runbook twin -- COMMAND joins it; to start another, leave it, or `unset PYPI_RUNBOOK_TWIN` first"
        raise RunbookError("inside-a-twin", "there is a twin around this terminal already", next=next_, status=125)
    check_command(command, ["namespace"] if is_enclosed() else [])
    with as_job(ask, acting, os.environ) as variables:
        status = run_command(command, variables)
    say(ask("report", since=since)["lines"])
    return status


@contextmanager
def as_job(ask: Callable[..., dict[str, Any]], acting: Acting | None, environment: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """Give ENVIRONMENT as the job sees it that ACTING asks for, having registered and said what there is to; ASK performs actions of the twin."""
    if acting is None:
        yield environment
        return
    from pypi_runbook.twin.trusted.acting import job_environment, prepare_indexes

    claims = acting.run.claims
    say([f"as the job {acting.run.variables['GITHUB_JOB']} of {claims['workflow_ref']}, started by {claims['event_name']}"])
    say(prepare_indexes(ask, acting.facts, acting.publisher) if acting.registers else [])
    say([acting.run.refusal] if acting.run.refusal else [])
    with job_environment(ask, acting.run, environment, Path.cwd()) as variables:
        yield variables


def stay(twin: Twin, environment: Mapping[str, str], *, kept: bool, as_json: bool) -> int:
    """Print what to export and wait for Ctrl-C or another request to end; return the status for it."""
    from pypi_runbook.twin.person import credentials, export_lines

    inside = "paste the lines above into another terminal" if sys.stdout.isatty() else "in another terminal, source the file that this output went to"
    try:
        if as_json:
            unset = [name for name in credentials(os.environ) if name not in environment]
            click.echo(json.dumps({"schema": 1, "environment": environment, "unset": unset, "layers": ["credentials", "tunnel"]}, indent=2))
        else:
            click.echo("\n".join(export_lines(environment, os.environ)))
        say([f"PyPI, TestPyPI and GitHub are up; to be inside, {inside}", *guide(), "press Ctrl-C here to end"])
        while True:
            time.sleep(60)
    except KeyboardInterrupt as error:
        # A terminal that exported the lines has no namespace around it.
        say([*twin.report(), *goodbye(twin, kept=kept), "layers that held: credentials, tunnel"])
        return exit_status(error)


def guide(command: Sequence[str] = ("sh",)) -> list[str]:
    """Return what somebody inside has to know; what one types there only when COMMAND is a shell that asks for it."""
    lines = ["upload with the user name __token__ and the password in PYPI_RUNBOOK_TOKEN_TESTPYPI, or in PYPI_RUNBOOK_TOKEN_PYPI"]
    if Path(command[0]).name in SHELLS and all(each.startswith("-") and each != "-c" for each in command[1:]):
        lines.append("`pypi-runbook pretend --help` lists what you can do there on the indexes' web pages, and what can go wrong")
    return lines


def goodbye(twin: Twin, *, kept: bool) -> list[str]:
    """Return what becomes of the uploads, when there were some."""
    if kept or not any(twin.uploads(name) for name in INDEXES):
        return []
    return ["these indexes are gone now; `pypi-runbook twin --state FOLDER` keeps them for the next time"]


def say(lines: list[str]) -> None:
    """Print LINES on stderr."""
    for line in lines:
        click.echo(f"twin: {line}", err=True)
