"""Commands that are started as a script starts its background jobs, and stopped by a signal; nothing here waits without a limit."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pypi_runbook import processes

PRODUCT = [sys.executable, "-m", "pypi_runbook"]
# A command that this starts inherits both signals as ignored, as exec(2) keeps that.
IGNORING = ["sh", "-c", "trap '' INT TERM; exec \"$@\"", "sh"]
SECONDS = 120


@contextmanager
def started(command: list[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Start COMMAND with both streams on pipes; what is left of it at the end is killed."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    try:
        yield process
    finally:
        if process.poll() is None:
            processes.end(process.pid, itself=True)
        process.communicate(timeout=SECONDS)


def stop(process: subprocess.Popen[str], *numbers: signal.Signals) -> tuple[int, str]:
    """Send PROCESS each signal of NUMBERS; return its status and what it said on stderr since."""
    for number in numbers:
        process.send_signal(number)
    words = process.communicate(timeout=SECONDS)[1]
    return process.returncode, words


def left(folder: Path, command: str) -> list[str]:
    """Return what is in the temporary FOLDER, and the processes of COMMAND that still run."""
    return [*(path.name for path in folder.iterdir()), *(each.command for each in processes.running() if command in each.command)]
