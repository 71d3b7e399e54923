"""`pypi-runbook build`: sdist, then the wheel from it, into a fresh dist/."""

from __future__ import annotations

from pathlib import Path

import click

from pypi_runbook.cli import project_option
from pypi_runbook.manual.artifact import take
from pypi_runbook.manual.build import build
from pypi_runbook.manual.release import at


@click.command()
@click.option("--ref", metavar="REF", help="The tag or commit to build.  [default: the commit that is checked out]")
@click.option("--allow-dirty", is_flag=True, help="Take files along that are not as the commit has them.")
@click.option(
    "--from-artifact", "artifact", metavar="SOURCE", help="Take the files of a failed run instead: a folder, a zip file, or the run's id or address."
)
@project_option
def command(ref: str | None, allow_dirty: bool, artifact: str | None, root: Path) -> None:
    """Build sdist and wheel into a fresh dist/.

    Runs `python -m build` on a clean copy of the commit, away from your checkout, with SOURCE_DATE_EPOCH from the commit and with the
    build backend as poetry.lock pins it in the group `backend`. Refuses files that no commit holds. What was in dist/ is moved into
    .pypi-runbook/ first. Prints a line for each file: its sha256 and its path.

    After an upload that stopped half way, only the failed run's own files can complete it: give them with --from-artifact. They are
    compared with the tag of their version, or with REF, before they are taken.
    """
    if artifact and allow_dirty:
        raise click.UsageError("--allow-dirty is for a build; files of a run are those of a commit")
    made = take(at(root), artifact, ref) if artifact else build(at(root), ref, allow_dirty=allow_dirty)
    for file in made.files:
        click.echo(f"{file.sha256}  dist/{file.filename}")
