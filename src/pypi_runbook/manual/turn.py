"""One upload at a time from one folder: a lock that ends with its holder, and that tells of a holder who was killed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import FileIO
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.locks import try_lock
from pypi_runbook.manual.record import append
from pypi_runbook.manual.release import PAGE, Release, open_state
from pypi_runbook.manual.tools import say

NAME = "upload.lock"


@contextmanager
def upload_turn(release: Release, index: str, files: dict[str, str]) -> Iterator[int]:
    """Let no other upload run from this folder meanwhile; give the lock's file descriptor.

    A command that inherits the descriptor holds the lock too, so that a twine which outlives us still keeps others away.
    RunbookError when another upload runs, or when the state folder cannot be written: what cannot be recorded is not begun.
    """
    try:
        # Without a buffer: what a full disk did not take would be tried again at the end.
        stream = (open_state(release) / NAME).open("ab+", buffering=0)
    except OSError as error:
        raise _unwritable(error) from error
    with stream:
        if not try_lock(stream.fileno()):
            raise _busy(release, _read(stream))
        _tell_of_the_killed(release, _read(stream))
        _write(stream, {"index": index, "files": files, "process": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")})
        try:
            yield stream.fileno()
        finally:
            stream.truncate(0)


def _read(stream: FileIO) -> dict[str, Any]:
    """Return what the latest holder wrote; empty when it tidied up, or wrote nothing that can be read."""
    stream.seek(0)
    try:
        holder: Any = json.loads(stream.readall() or b"{}")
    except ValueError:
        return {}
    return holder if isinstance(holder, dict) else {}


def _write(stream: FileIO, holder: dict[str, Any]) -> None:
    try:
        stream.truncate(0)
        stream.write(json.dumps(holder).encode())
        os.fsync(stream.fileno())
    except OSError as error:
        raise _unwritable(error) from error


def _tell_of_the_killed(release: Release, holder: dict[str, Any]) -> None:
    if holder:
        say(f"note: the upload to {holder.get('index')} of {holder.get('since')} ended without a word; what it sent is asked for now")
        reason = f"begun {holder.get('since')} and killed, or the machine stopped; what arrived was asked for by the next upload"
        append(release, "upload", holder.get("files", {}), "interrupted", reason, holder.get("index"))


def _busy(release: Release, holder: dict[str, Any]) -> RunbookError:
    whose = f"process {holder.get('process')} since {holder.get('since')}, to {holder.get('index')}" if holder else "its process says no more"
    advice = f"wait for its end; then {release.command('verify')} {holder.get('index', 'pypi')} --wait 0 says what it sent"
    # A build takes the same lock, and writes nothing into it.
    what = "another upload" if holder else "a build, or another upload,"
    return RunbookError("upload-running", f"nothing was sent: {what} from this folder is running ({whose})", next=advice, page=PAGE)


def _unwritable(error: OSError) -> RunbookError:
    advice = "make room, or give yourself the right to write there; then run it again"
    return RunbookError("state-unwritable", f"nothing was sent: .pypi-runbook/ cannot be written: {error.strerror}", None, None, advice, PAGE)
