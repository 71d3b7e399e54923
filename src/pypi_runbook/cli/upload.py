"""`pypi-runbook upload INDEX`: what was built to TestPyPI or PyPI, with twine."""

from __future__ import annotations

import getpass
import json
import sys
from pathlib import Path

import click

from pypi_runbook.cli import json_option, project_option
from pypi_runbook.manual.index import INDEXES
from pypi_runbook.manual.release import read_release
from pypi_runbook.manual.upload import upload


@click.command()
@click.argument("index", type=click.Choice(list(INDEXES)))
@click.option("--after-testpypi", is_flag=True, help="Refuse unless these very files were verified on TestPyPI.")
@click.option("--yes", is_flag=True, help="Do not ask for the version before an upload to PyPI.")
@project_option
@json_option
def command(index: str, after_testpypi: bool, yes: bool, root: Path, as_json: bool) -> None:
    """Upload what the last build made to INDEX, with one `twine upload`.

    Only files that the build's manifest lists, unchanged, and only after a `check` of them that passed. Files that INDEX has already
    stay as they are, so that the same command completes an upload that was interrupted; other bytes under the same name stop it.

    The API token comes from TWINE_PASSWORD, ~/.pypirc or the keyring, from Trusted Publishing in a CI job, or from your answer.
    An upload to PyPI asks for the version first.
    """
    if after_testpypi and index != "pypi":
        raise click.UsageError("--after-testpypi is for an upload to pypi")
    done = upload(read_release(root), INDEXES[index], None if yes else ask, ask_token if sys.stdin.isatty() else None, after_testpypi=after_testpypi)
    if as_json:
        click.echo(json.dumps({"schema": 1, "index": index, "sent": done.sent, "already": done.already}, indent=2))


def ask(question: str) -> str:
    """Put QUESTION to the person on stderr; the end of input is an empty answer."""
    click.echo(f"{question}: ", nl=False, err=True)
    return sys.stdin.readline()


def ask_token(question: str) -> str:
    """Put QUESTION to the person without showing the answer; the end of input is an empty one."""
    try:
        return getpass.getpass(question)
    except EOFError:
        return ""
