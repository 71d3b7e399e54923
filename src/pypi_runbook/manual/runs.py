"""One run of a command, from its first step to its line in the record, however it ends."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pypi_runbook.errors import RunbookError
from pypi_runbook.manual.index import Index
from pypi_runbook.manual.record import append
from pypi_runbook.manual.release import PAGE, Release
from pypi_runbook.signals import exit_status

INTERRUPTED = "interrupted"


@dataclass
class Run:
    """What the record will say: the files that the run was about, sha256 by name, and why it ended as it did; `result` when it comes to its end."""

    files: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    result: str = "passed"


@contextmanager
def recorded(release: Release, command: str, index: Index | None = None) -> Iterator[Run]:
    """Give a Run and write it to the record at the end; a request to end becomes a RunbookError with the shell's status for it."""
    run, key = Run(), index.key if index else None
    again = " ".join([release.command(command), *([key] if key else [])])
    try:
        yield run
    except RunbookError as error:
        append(release, command, run.files, INTERRUPTED if error.id == INTERRUPTED else "failed", f"{error.id}: {error.message}", key)
        raise
    except KeyboardInterrupt as error:
        stopped = interrupted(exit_status(error) - 128, run.reason or "nothing was sent", f"run {again} again when you want to go on")
        append(release, command, run.files, INTERRUPTED, stopped.message, key)
        raise stopped from error
    append(release, command, run.files, run.result, run.reason, key)


def interrupted(number: int, what: str, advice: str, page: str = PAGE) -> RunbookError:
    """Return the error of a run that the signal NUMBER ended: WHAT became of it, and what to do now."""
    return RunbookError(INTERRUPTED, f"interrupted by {signal.Signals(number).name}: {what}", next=advice, page=page, status=128 + number)
