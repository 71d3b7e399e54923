"""Upload `dist/` with twine, after saying what will happen and, for PyPI, after the person typed the version."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from pypi_runbook.errors import RunbookError
from pypi_runbook.manual.files import File, require
from pypi_runbook.manual.index import Index
from pypi_runbook.manual.release import PAGE, Release
from pypi_runbook.manual.tools import REDIRECTS, run, say, tool


def upload(release: Release, index: Index, ask: Callable[[str], str] | None) -> None:
    """Upload the files of RELEASE to INDEX with one `twine upload`.

    The token is twine's affair: TWINE_PASSWORD, the keyring, or its own prompt; it is never an argument.
    ask: puts a question to the person and returns the answer; None when `--yes` stands for it. Only PyPI is asked about.
    RunbookError when `dist/` is not exactly this release, when the answer is not the version, or when twine fails.
    """
    files = require(release)
    announce(files, index)
    if ask and index.key == "pypi":
        confirm(str(files[0].version), ask)
    quiet = [] if sys.stdin.isatty() else ["--non-interactive"]
    if status := run([tool("twine"), "upload", *quiet, *index.options, *(file.shown for file in files)], release.root):
        raise _failed(release, index, status)


def announce(files: list[File], index: Index) -> None:
    """Say what will be uploaded where, and which settings are not followed."""
    say(f"{files[0].name} {files[0].version} goes to {index.title}:")
    for file in files:
        say(f"  {file.sha256()}  {file.shown}")
    for name in filter(os.environ.get, REDIRECTS):
        say(f"note: {name} is set and not followed, since it could name another index than {index.title}")


def confirm(version: str, ask: Callable[[str], str]) -> None:
    """Go on only when the person types VERSION."""
    say("PyPI never takes another file under a name that it has once had: this version cannot be replaced or taken back.")
    if ask("Type the version to upload it").strip() != version:
        advice = "run it again and type the version as it stands above, or pass --yes in a script"
        raise RunbookError("not-confirmed", f"nothing was uploaded: the answer was not {version}", next=advice, page=PAGE)


def _failed(release: Release, index: Index, status: int) -> RunbookError:
    message = f"twine upload ended with status {status}; {index.title} may have some of the files, or none"
    advice = f"see what arrived: {release.command('verify')} {index.key} --wait 0; keep dist/ as it is"
    return RunbookError("upload-failed", message, next=advice, page="incident/half-uploaded.md")
