"""How commands end when they are asked to: by Ctrl-C, by SIGTERM, or by a terminal that closes, whatever they inherited."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# The signals that ask a command to end. Windows has no SIGHUP.
STOPPING = [number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None))]
# What a parent may leave ignored and children must not inherit. SIGHUP is missing: to ignore it is the purpose of nohup.
RESTORED = [number for name in ("SIGINT", "SIGTERM", "SIGQUIT", "SIGCHLD") if (number := getattr(signal, name, None))]
# timeout(1) signals its child and then the whole group. The same signal within this time is the same request. Seconds.
REPEATED = 0.5


class Interrupted(KeyboardInterrupt):
    """Somebody wants this process to end; `number` is the signal's."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def restore_signals() -> None:
    """Stop ignoring and blocking the signals that this process inherited that way, so that its children start with the defaults.

    A script starts its background commands with SIGINT ignored, and each child inherits that through exec. No exception follows.
    """
    for number in RESTORED:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [*RESTORED, *STOPPING])


def end_on_signals() -> None:
    """Make every request to end the exception Interrupted, so that `with` and `finally` clean up; the command line calls it once."""
    restore_signals()
    latest: dict[int, float] = {}

    def interrupt(number: int, _: FrameType | None) -> None:
        before, latest[number] = latest.get(number), time.monotonic()
        if before is None or latest[number] - before > REPEATED:
            raise Interrupted(number)

    for number in _requests():
        signal.signal(number, interrupt)


def exit_status(error: BaseException | None) -> int:
    """Return 128 and the number of the signal that ERROR, or what caused it, was raised for; without any it was Ctrl-C."""
    while error is not None and not isinstance(error, Interrupted):
        error = error.__cause__ or error.__context__
    return 128 + (error.number if isinstance(error, Interrupted) else signal.SIGINT)


@contextmanager
def handled(handler: Callable[[int], None]) -> Iterator[None]:
    """Call HANDLER with the number of each request to end, instead of what would happen otherwise."""
    before = {number: signal.signal(number, lambda number, _: handler(number)) for number in _requests()}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let a cleanup come to its end: a request to end that arrives meanwhile counts only afterwards."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    try:
        with handled(waiting.append):
            yield
    finally:
        for number in waiting[:1]:
            signal.raise_signal(number)


def _requests() -> list[int]:
    """Return the signals that ask this process to end; not a SIGHUP that it was told to ignore."""
    return [number for number in STOPPING if number in RESTORED or signal.getsignal(number) is not signal.SIG_IGN]
