"""`pypi-runbook site`: build the guides, and serve them unless told to build only."""

from __future__ import annotations

from pathlib import Path

import click

from pypi_runbook.cli import project_option
from pypi_runbook.pages.site import build_site, serve_site


@click.command()
@project_option
@click.option("--once", is_flag=True, help="Only build into site/, and end.")
def command(root: Path, once: bool) -> None:
    """Build every guide into site/, and serve them with live reload."""
    if once:
        click.echo(build_site(root.resolve(), words))
    else:
        serve_site(root.resolve(), words, lambda address: click.echo(f"The guide is at {address} (Ctrl-C ends it)."))


def words(text: str) -> None:
    """Print words and progress, which are not data."""
    click.echo(text, err=True)
