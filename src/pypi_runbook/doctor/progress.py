"""Says what takes long, and nothing when all is quick."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

QUIET_SECONDS = 2.0
# What is done sooner than this is not worth a line of its own.
SHORT_SECONDS = 0.5


class Progress:
    """Takes what begins, and passes it on to `show` when it takes long: nothing within the first QUIET_SECONDS."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._loud_from = time.monotonic() + QUIET_SECONDS
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._cancel()

    def __call__(self, words: str) -> None:
        """Note that WORDS begins, and that what began before has ended."""
        self._cancel()
        self._timer = threading.Timer(max(SHORT_SECONDS, self._loud_from - time.monotonic()), self._show, [words])
        self._timer.daemon = True
        self._timer.start()

    def _cancel(self) -> None:
        if self._timer:
            self._timer.cancel()
