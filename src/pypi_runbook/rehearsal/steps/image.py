"""What a runner's image has, as far as this machine has it: the PATH of a job, with words instead of what must not start."""

from __future__ import annotations

import functools
import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from pypi_runbook.rehearsal.running import Folders
from pypi_runbook.rehearsal.steps.imagelist import REFUSED, TOOLS
from pypi_runbook.twin.namespace import namespaces_work
from pypi_runbook.twin.proxies import is_enclosed, shims

REFUSAL, LACK = 126, 127
SYSTEM = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/opt/homebrew/bin")
MAKER = Path(__file__).with_name("runnerpython.py")
PYTHON = ("python", "python3", "pip", "pip3")


class Image:
    """The commands of one job. `folder` is its own; `marks` says which of its words were called."""

    def __init__(self, folders: Folders) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="image-", dir=folders.tools.parent))
        self.marks = self.folder / "called"
        self.python = self.folder / "python"
        self._home = folders.home
        self._reasons: dict[str, str] = {}
        self._refused: list[Path] = []
        self._make()

    def _make(self) -> None:
        refused, commands = self.folder / "refused", self.folder / "bin"
        for made in (refused, commands):
            made.mkdir()
        self.marks.touch()
        for name, reason in REFUSED.items():
            self._say_no(refused / name, f"{name} is refused: {reason}", REFUSAL)
        for name, found in _here().items():
            if found:
                (commands / name).symlink_to(found)
            elif name not in PYTHON:
                self._say_no(commands / name, f"{name} is on GitHub's runners, but not on this machine", LACK)
        for name in PYTHON:
            self._write_python(commands / name)
        enclosed = namespaces_work() or is_enclosed()
        self._refused = [refused, *([] if enclosed else [shims(self.folder / "no-proxy")])]

    def _say_no(self, place: Path, reason: str, status: int) -> None:
        """Write a command that says why it does nothing, and leaves a mark."""
        self._reasons[place.name] = reason
        mark = f"echo {shlex.quote(place.name)} >> {shlex.quote(str(self.marks))}"
        _write(place, f"{mark}\necho {shlex.quote(f'pypi-runbook: {reason}')} >&2\nexit {status}\n")

    def _write_python(self, place: Path) -> None:
        """Write a command that makes the runner's own Python when it is first called: what a job installs there must not reach this machine's."""
        name = place.name if place.name.startswith("pip") else "python3"
        target = shlex.quote(str(self.python / "bin" / name))
        make = shlex.join([sys.executable, "-I", str(MAKER), str(self.python)])
        _write(place, f'[ -e {shlex.quote(str(self.python / "made"))} ] || {make} || exit\nexec {target} "$@"\n')

    def path(self, first: list[str], rest: str | None = None) -> str:
        """Return the PATH of a step; what is refused stays refused.

        first: the folders that steps put first. rest: what the step's own `env` says, the image's PATH unless given.
        """
        own = [self._home / ".local" / "bin", self.folder / "bin", self.python / "bin"]
        return os.pathsep.join([*map(str, self._refused), *first, *([rest] if rest is not None else map(str, own))])

    def called(self) -> list[tuple[str, str]]:
        """Return what was called since the last time and is not here, with the reasons."""
        names = list(dict.fromkeys(self.marks.read_text(errors="replace").split()))
        if names:
            self.marks.write_text("")
        return [(name, self._reasons[name]) for name in names if name in self._reasons]


def _write(place: Path, script: str) -> None:
    place.write_text(f"#!/bin/sh\n{script}")
    place.chmod(0o755)


@functools.cache
def _here() -> dict[str, str | None]:
    """Return where this machine has each tool of the image, its own places first; looked up once."""
    folders = [Path(entry) for entry in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(entry).is_absolute()]
    others = [str(entry) for entry in folders if not (entry.parent / "pyvenv.cfg").exists() and entry.name != "shims"]
    path = os.pathsep.join([*SYSTEM, *others])
    return {name: shutil.which(name, path=path) for name in TOOLS.split()}
