"""Says what takes long, and nothing when all is quick."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

QUIET_SECONDS = 2.0


class Progress:
    """Takes what begins; from QUIET_SECONDS on it passes each on to `show`, first the one that is going on then."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._now = ""
        self._loud = False
        self._lock = threading.Lock()
        self._timer = threading.Timer(QUIET_SECONDS, self._speak)
        self._timer.daemon = True

    def __enter__(self) -> Progress:
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._timer.cancel()

    def __call__(self, words: str) -> None:
        """Note that WORDS begins."""
        with self._lock:
            self._now = words
            if self._loud:
                self._show(words)

    def _speak(self) -> None:
        with self._lock:
            self._loud = True
            if self._now:
                self._show(self._now)
