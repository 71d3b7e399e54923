"""Run a command that must not be lost sight of: its words are shown and kept, secrets are not, and signals reach it once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from pypi_runbook.manual.tools import announce, environment
from pypi_runbook.secrets import mask
from pypi_runbook.signals import handled

CHUNK = 4096
SHOW_CURSOR = "\x1b[?25h"
TRACEBACK = re.compile(r"^(Traceback \(most recent call last\)|\s*╭─+ Traceback)")
INSIDE = re.compile(r"^(\s|[╭│╰]|$|The above exception|During handling)")


@dataclass
class Outcome:
    """How a command ended: its exit status, its words without colours and secrets, and the signal that interrupted it, if any."""

    status: int = 0
    words: str = ""
    signal: int | None = None


def watch(command: list[str], folder: Path, settings: Mapping[str, str], secret: str, keep: int, hopeless: re.Pattern[str]) -> Outcome:
    """Run COMMAND in FOLDER with SETTINGS in its environment, show what it says, and return how it ended.

    secret: taken out of everything that is shown and kept; keep: a file descriptor that the command inherits, and so holds open.
    hopeless: words after which the command is ended, because nothing good can follow.
    A first signal asks the command to end, a second one ends it. SETTINGS are not shown: they may hold the secret.
    """
    announce(command)
    # With a pipe in between, twine would show no progress to somebody who is at a terminal.
    colours = {"FORCE_COLOR": "1"} if sys.stderr.isatty() and not os.environ.get("NO_COLOR") else {}
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment({**colours, **settings}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=(keep,) if os.name == "posix" else (),
    )
    outcome = Outcome()
    with process, _passed_on(process, outcome):
        shown = Shown(secret)
        assert process.stdout
        while chunk := os.read(process.stdout.fileno(), CHUNK):
            shown.take(chunk, quiet=outcome.signal is not None)
            if hopeless.search(" ".join(shown.words().split())):
                process.terminate()
        shown.take(b"\n", quiet=True)
    if colours:
        # A progress bar hides the cursor, and one that was ended does not bring it back.
        click.echo(SHOW_CURSOR, err=True, nl=False)
    outcome.status, outcome.words = process.returncode, shown.words()
    return outcome


class Shown:
    """What a command says, shown line by line as it comes, without secrets and without the inside of a traceback."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.strip()
        self._rest = b""
        self._kept: list[str] = []
        self._traceback = False

    def take(self, chunk: bytes, *, quiet: bool) -> None:
        """Take more of the output; QUIET keeps it and shows nothing, as after Ctrl-C, when a command's words help nobody."""
        # A progress bar ends its pictures with a carriage return.
        *lines, self._rest = re.split(rb"(?<=[\r\n])", self._rest + chunk)
        for line in lines:
            # Rich fills each line with blanks, to the width that it was told.
            text = re.sub(r" +(?=\r?\n$)", "", self.clean(line.decode("utf-8", "replace")))
            plain = click.unstyle(text)
            if not self._hidden(plain):
                self._kept.append(plain)
                click.echo(text if not quiet else "", err=True, nl=False)

    def clean(self, text: str) -> str:
        """Return TEXT with the secret, and with what looks like one, replaced by stars."""
        return mask(text.replace(self._secret, "***") if self._secret else text)

    def words(self) -> str:
        """Return everything that was not hidden."""
        return "".join(self._kept)

    def _hidden(self, line: str) -> bool:
        if TRACEBACK.match(line):
            self._traceback = True
        elif self._traceback and not INSIDE.match(line):
            # The line after a traceback says what happened.
            self._traceback = False
        return self._traceback


@contextmanager
def _passed_on(process: subprocess.Popen[bytes], outcome: Outcome) -> Iterator[None]:
    """Hand a signal on to PROCESS and note it in OUTCOME; a second one ends PROCESS."""

    def hand_on(number: int) -> None:
        if outcome.signal is None:
            outcome.signal = number
            process.terminate()
        else:
            process.kill()

    with handled(hand_on):
        yield
