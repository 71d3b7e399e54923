"""Run the standard tools as commands: what runs is printed first, and their words go to stderr."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import click

from pypi_runbook.secrets import CREDENTIALS

# Either would send an upload to another index than the one that the person named.
REDIRECTS = ("TWINE_REPOSITORY", "TWINE_REPOSITORY_URL")


def say(text: str) -> None:
    """Print words for a person on stderr; stdout is for data."""
    click.echo(text, err=True)


def tool(name: str) -> str:
    """Return the command NAME of this Python's environment, by its bare name where a shell would find the same one."""
    own = shutil.which(name, path=sysconfig.get_path("scripts")) or name
    return name if _same(shutil.which(name), own) else own


def python() -> str:
    """Return this Python, as `python` where a shell would find the same one."""
    return "python" if _same(shutil.which("python"), sys.executable) else sys.executable


def run(command: list[str], folder: Path, settings: Mapping[str, str] | None = None) -> int:
    """Print COMMAND as it could be typed, run it in FOLDER with SETTINGS in its environment, and return its exit status."""
    announce(command, settings)
    return subprocess.run(command, cwd=folder, env=environment(settings), stdout=sys.stderr, check=False).returncode


@dataclass(frozen=True)
class Answer:
    """How a short command ended: its exit status, None when it was still running at the end of its time, and what it said."""

    status: int | None
    words: str

    @property
    def last(self) -> str:
        """The last line that says something; of a traceback this is the error."""
        return next((line.strip() for line in reversed(self.words.splitlines()) if line.strip()), "it said nothing")


def run_bare(command: list[str], folder: Path, settings: Mapping[str, str] | None = None, tmp: Path | None = None) -> int:
    """Do what `run` does for a command that runs code of the project: no credential reaches it, and it makes files that all may read.

    tmp: where it keeps what it throws away. An interruption ends it and everything that it started, without their words.
    """
    announce(command, settings)
    with _alone(command, folder, {**(settings or {}), **({"TMPDIR": str(tmp)} if tmp else {})}, sys.stderr) as process:
        return process.wait()


def ask_bare(command: list[str], folder: Path, settings: Mapping[str, str], seconds: float) -> Answer:
    """Do the same, keep the words instead of showing them, and end it after SECONDS."""
    announce(command)
    with tempfile.TemporaryFile() as words:
        with _alone(command, folder, settings, words) as process:
            try:
                status: int | None = process.wait(seconds)
            except subprocess.TimeoutExpired:
                status = None
                _end(process)
        words.seek(0)
        return Answer(status, click.unstyle(words.read().decode("utf-8", "replace")))


@contextmanager
def _alone(command: list[str], folder: Path, settings: Mapping[str, str], words: IO[Any]) -> Iterator[subprocess.Popen[bytes]]:
    # In a session of its own, Ctrl-C reaches only us, and the whole group can be ended.
    process = subprocess.Popen(
        command, cwd=folder, env=bare(settings), stdin=subprocess.DEVNULL, stdout=words, stderr=words, umask=0o022, start_new_session=True
    )
    try:
        yield process
    except BaseException:
        _end(process)
        raise


def _end(process: subprocess.Popen[bytes]) -> None:
    if os.name == "posix":
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def bare(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment in which code of the project may run: no credential, none of our own Python's settings, and SETTINGS."""
    return {name: value for name, value in environment(settings).items() if not CREDENTIALS.fullmatch(name) and name != "PYTHONPATH"}


def capture(command: list[str], folder: Path, settings: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Do what `run` does, and return the output too, after showing it; colours and blanks that fill lines are taken away."""
    announce(command)
    done = subprocess.run(
        command, cwd=folder, env=environment(settings), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False
    )
    output = re.sub(r"[ \t]+$", "", click.unstyle(done.stdout), flags=re.MULTILINE).rstrip()
    say(output)
    return done.returncode, output


def announce(command: list[str], settings: Mapping[str, str] | None = None) -> None:
    """Print COMMAND after a `$`, with the settings that it runs under before it."""
    words = [f"{name}={shlex.quote(value)}" for name, value in (settings or {}).items()]
    say("$ " + " ".join([*words, shlex.join(command)]))


def environment(settings: Mapping[str, str] | None) -> dict[str, str]:
    """Return this process's environment without what leads an upload elsewhere, and with SETTINGS."""
    kept = {name: value for name, value in os.environ.items() if name not in REDIRECTS}
    return {**kept, **(settings or {})}


def _same(found: str | None, wanted: str) -> bool:
    # Links are kept: a virtual environment's Python is a link to the one that it was made with.
    return found is not None and Path(found).absolute() == Path(wanted).absolute()
