"""`pypi-runbook upload INDEX`: dist/ to TestPyPI or PyPI, with twine."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pypi_runbook.cli import project_option
from pypi_runbook.manual.index import INDEXES
from pypi_runbook.manual.release import read_release
from pypi_runbook.manual.upload import upload


@click.command()
@click.argument("index", type=click.Choice(list(INDEXES)))
@click.option("--yes", is_flag=True, help="Do not ask for the version before an upload to PyPI.")
@project_option
def command(index: str, yes: bool, root: Path) -> None:
    """Upload dist/ to INDEX with `twine upload`.

    The API token comes from TWINE_PASSWORD, from the keyring, or from twine's own question. An upload to PyPI asks for the version first.
    """
    upload(read_release(root), INDEXES[index], None if yes else ask)


def ask(question: str) -> str:
    """Put QUESTION to the person on stderr; the end of input is an empty answer."""
    click.echo(f"{question}: ", nl=False, err=True)
    return sys.stdin.readline()
