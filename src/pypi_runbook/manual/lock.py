"""One command at a time in a project, and a scratch folder of which a killed command leaves nothing that hurts."""

from __future__ import annotations

import errno
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pypi_runbook.errors import RunbookError
from pypi_runbook.locks import try_lock
from pypi_runbook.manual.release import PAGE, Release, open_state
from pypi_runbook.manual.tools import say
from pypi_runbook.manual.turn import NAME

PREFIX = "pypi-runbook-"
# How often, in seconds, somebody who waits looks whether the other has ended.
PAUSE = 0.1


@contextmanager
def exclusive(release: Release) -> Iterator[None]:
    """Let nothing else change `dist/` and the manifest of RELEASE, and no upload read them meanwhile; wait for one that runs."""
    with waiting(release, NAME, "Another build or upload works on dist/ here; waiting until it has ended."):
        yield


@contextmanager
def waiting(release: Release, name: str, words: str = "") -> Iterator[None]:
    """Hold the lock NAME of RELEASE, after waiting for whoever holds it and saying WORDS; it ends with its process, however that ends."""
    with (open_state(release) / name).open("a") as handle:
        if not try_lock(handle.fileno()):
            if words:
                say(words)
            while not try_lock(handle.fileno()):
                time.sleep(PAUSE)
        yield


@contextmanager
def scratch(release: Release) -> Iterator[Path]:
    """Yield an empty folder outside the project, and take it away; what killed commands left goes first."""
    state = open_state(release)
    _sweep(state)
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as folder:
        note = state / f"scratch-{Path(folder).name}"
        with note.open("w") as handle:
            # The lock, not the note, says that somebody still uses the folder.
            with suppress(OSError):
                try_lock(handle.fileno())
            handle.write(folder)
            handle.flush()
            yield Path(folder).resolve()
        note.unlink(missing_ok=True)


def _sweep(state: Path) -> None:
    for note in state.glob("scratch-*"):
        with note.open() as handle:
            left = Path(handle.read().strip())
            if try_lock(handle.fileno()) and left.name.startswith(PREFIX):
                shutil.rmtree(left, ignore_errors=True)
                note.unlink(missing_ok=True)


@contextmanager
def spoken(what: str) -> Iterator[None]:
    """Turn a failure of the disk or of a file during WHAT into an error with words."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        advice = "free some space there, then run the command again" if full else "correct that, then run the command again"
        raise RunbookError("file-error", f"{what} failed: {error.strerror or error}", error.filename, None, advice, PAGE) from error
