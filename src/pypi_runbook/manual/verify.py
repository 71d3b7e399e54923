"""Compare what an index serves with what was built, byte for byte, and wait a bounded time for it to appear."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from pypi_runbook.errors import RunbookError
from pypi_runbook.manual.files import File, require
from pypi_runbook.manual.index import Index, Served, UnreachableError, download, listing
from pypi_runbook.manual.release import Release
from pypi_runbook.manual.tools import say

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 15.0
PAGE = "incident/half-uploaded.md"


@dataclass
class Progress:
    """How far a verification has come: what is still open, and what the index said last when it gave no answer."""

    open: list[File]
    done: dict[str, str] = field(default_factory=dict)
    trouble: str | None = None


def verify(release: Release, index: Index, seconds: float) -> dict[str, str]:
    """Return the sha256 of each file, by name, once INDEX serves exactly the bytes that lie in `dist/`.

    seconds: how long to wait for files that do not show yet; 0 asks once.
    RunbookError when the bytes differ (at once), when files are missing after that time, or when the index gives no answer.
    """
    progress = Progress(require(release))
    deadline = time.monotonic() + seconds
    pause = FIRST_PAUSE
    while look(index, progress).open:
        if (left := deadline - time.monotonic()) <= 0:
            raise _given_up(release, index, progress, seconds)
        say(f"{_state(index, progress)}; asking again, for {left:.0f} s at most")
        time.sleep(min(pause, left))
        pause = min(pause * 2, LONGEST_PAUSE)
    return progress.done


def look(index: Index, progress: Progress) -> Progress:
    """Ask INDEX once, compare what it serves, and return PROGRESS with those files moved from open to done."""
    progress.trouble = None
    try:
        served = listing(index, progress.open[0].name)
        for file in [file for file in progress.open if file.path.name in served]:
            progress.done[file.path.name] = compare(file, served[file.path.name], index)
            progress.open.remove(file)
            say(f"{index.title} serves {file.path.name} as it was built")
    except UnreachableError as error:
        progress.trouble = str(error)
    return progress


def compare(file: File, served: Served, index: Index) -> str:
    """Download what INDEX serves and return its sha256; RunbookError when it is not the file that lies in `dist/`."""
    built = file.sha256()
    if served.sha256 not in (None, built):
        raise _differs(file, index, built, str(served.sha256))
    arrived = download(served)
    if arrived != built:
        raise _differs(file, index, built, arrived)
    return built


def _state(index: Index, progress: Progress) -> str:
    names = ", ".join(file.path.name for file in progress.open)
    return progress.trouble or f"{index.title} does not list {names} yet"


def _differs(file: File, index: Index, built: str, served: str) -> RunbookError:
    message = f"{index.title} serves other bytes than dist/ holds: sha256 {served} there, {built} here"
    advice = "stop: do not upload more of this version; find out which build the index has"
    return RunbookError("different-bytes", message, file=file.shown, next=advice, page=PAGE, status=1)


def _given_up(release: Release, index: Index, progress: Progress, seconds: float) -> RunbookError:
    if progress.trouble:
        advice = f"look at https://status.python.org, then run {release.command('verify')} {index.key} again"
        return RunbookError("index-unreachable", progress.trouble, next=advice, page="incident/pypi-down.md")
    names = ", ".join(file.path.name for file in progress.open)
    message = f"{index.title} serves {len(progress.done)} of {len(progress.done) + len(progress.open)} files after {seconds:.0f} s; it lacks {names}"
    advice = f"if the upload succeeded, wait and run {release.command('verify')} {index.key} again; if it failed, read the page"
    page = PAGE if progress.done else "troubleshooting/not-found-yet.md"
    return RunbookError("not-served", message, next=advice, page=page, status=1)
