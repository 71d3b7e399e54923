"""How files come into `dist/`: all at once, into an empty folder, with what was there moved aside."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from pypi_runbook.manual.files import File
from pypi_runbook.manual.release import Release, open_state
from pypi_runbook.manual.tools import say


def move_aside(release: Release) -> Path | None:
    """Move `dist/` into the state folder under a name that says when; return where it went, or None when there was nothing."""
    if not os.path.lexists(release.dist):
        return None
    if release.dist.is_dir() and not any(release.dist.iterdir()):
        release.dist.rmdir()
        return None
    state = open_state(release)
    stamp = time.strftime("dist-%Y%m%dT%H%M%SZ", time.gmtime())
    names = [stamp, *(f"{stamp}-{number}" for number in range(2, 100))]
    target = next(state / name for name in names if not (state / name).exists())
    release.dist.rename(target)
    say(f"What was in dist/ is now in {target.relative_to(release.root)}/")
    return target


def place(release: Release, files: Iterable[File]) -> list[File]:
    """Copy FILES into a fresh `dist/` in one step, and return them as they lie there, in the order of their names."""
    incoming = open_state(release) / "incoming"
    shutil.rmtree(incoming, ignore_errors=True)
    incoming.mkdir()
    kept = sorted(files, key=lambda file: file.path.name)
    for file in kept:
        shutil.copyfile(file.path, incoming / file.path.name)
        _sync(incoming / file.path.name)
    move_aside(release)
    incoming.rename(release.dist)
    return [replace(file, path=release.dist / file.path.name) for file in kept]


def _sync(path: Path) -> None:
    # The manifest is written after this, so it must not outlive a power failure that the files do not.
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
