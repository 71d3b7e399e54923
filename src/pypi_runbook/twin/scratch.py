"""Folders that end with their process: made beside a lock, removed at the end, or by the next twin when the process was killed."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from pypi_runbook.locks import try_lock
from pypi_runbook.signals import undisturbed

PREFIX = "twin-"
LOCK = "lock"


class Scratch:
    """An empty folder in the temporary folder, for its owner only; `remove` it, or use it in a `with` statement."""

    def __init__(self, prefix: str = PREFIX) -> None:
        sweep_scratch()
        self.path = Path(tempfile.mkdtemp(prefix=prefix))
        # Locked before it has the name that others look for.
        made = self.path / f".{LOCK}"
        self._handle = os.open(made, os.O_RDWR | os.O_CREAT, 0o600)
        with suppress(OSError):
            try_lock(self._handle)
        made.rename(self.path / LOCK)

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        with undisturbed():
            shutil.rmtree(self.path, ignore_errors=True)
            with suppress(OSError):
                os.close(self._handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.remove()


def sweep_scratch() -> None:
    """Remove the folders whose process is gone without having removed them; others, and those of other users, stay."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            handle = os.open(folder / LOCK, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
            try:
                if try_lock(handle):
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(handle)
