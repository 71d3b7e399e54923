"""What a runner's image has, as far as this machine has it: the PATH of a job, with words instead of what must not start."""

from __future__ import annotations

import atexit
import functools
import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from pypi_runbook.rehearsal.running import Folders
from pypi_runbook.rehearsal.steps.imagelist import NOT_THERE, REFUSED, TOOLS
from pypi_runbook.tools import how_to_install
from pypi_runbook.twin.namespace import namespaces_work
from pypi_runbook.twin.proxies import is_enclosed, shims

REFUSAL, LACK = 126, 127
# What the system itself brought is much as on a runner; in other folders are a person's own tools.
SYSTEM = [folder for folder in ("/usr/sbin", "/usr/bin", "/sbin", "/bin") if Path(folder).is_dir() and not Path(folder).is_symlink()]
MAKER = Path(__file__).with_name("runnerpython.py")
CALLED, PYTHON_FOLDER = "PYPI_RUNBOOK_CALLED", "PYPI_RUNBOOK_PYTHON"
PYTHON = ("python", "python3", "pip", "pip3")


class Image:
    """The commands of one job. `folder` is its own."""

    def __init__(self, folders: Folders) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="image-", dir=folders.tools.parent))
        self._called = self.folder / "called"
        self._python = self.folder / "python"
        self._own = [folders.home / ".local" / "bin", _commands() / "bin", self._python / "bin"]

    @property
    def variables(self) -> dict[str, str]:
        """What its commands need to know."""
        # As in the image's own pip.conf: its Python belongs to the system, and pip may still install there.
        return {CALLED: str(self._called), PYTHON_FOLDER: str(self._python), "PIP_BREAK_SYSTEM_PACKAGES": "1"}

    def path(self, first: list[str], rest: str | None = None) -> str:
        """Return the PATH of a step; what is refused stays refused.

        first: the folders that steps put first. rest: what the step's own `env` says, the image's PATH unless given.
        """
        refused = [_commands() / name for name in ("refused", "no-proxy") if (_commands() / name).is_dir()]
        usual = [*map(str, self._own), *SYSTEM] if rest is None else [rest]
        return os.pathsep.join([*map(str, refused), *first, *usual])

    def called(self) -> list[tuple[str, str]]:
        """Return what was called since the last time and is not here, with the reasons."""
        if not self._called.exists():
            return []
        names = list(dict.fromkeys(self._called.read_text(errors="replace").split()))
        self._called.unlink()
        return [(name, _reason(name)) for name in names]


def _reason(name: str) -> str:
    if name in REFUSED:
        return f"{name} is refused: {REFUSED[name]}"
    return f"{name} is on GitHub's runners, but not on this machine; to rehearse the step: {how_to_install([name])}"


@functools.cache
def _commands() -> Path:
    """Return a folder with what is refused, and with what SYSTEM lacks; all jobs of this process share it."""
    folder = Path(tempfile.mkdtemp(prefix="pypi-runbook-image-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in ("refused", "bin", "words"):
        (folder / name).mkdir()
    for number, reason in enumerate(sorted(set(REFUSED.values()))):
        words = _write(folder / "words" / f"refuse-{number}", _say_no(f"is refused: {reason}", REFUSAL))
        _link(folder / "refused", [name for name in REFUSED if REFUSED[name] == reason], words)
    _fill(folder / "bin", folder / "words")
    if not (namespaces_work() or is_enclosed()):
        shims(folder / "no-proxy")
    return folder


def _fill(commands: Path, words: Path) -> None:
    """Put into COMMANDS what the image has and SYSTEM has not, and hide what SYSTEM has and the image has not."""
    system = os.pathsep.join(SYSTEM)
    lacking = [name for name in TOOLS.split() if name not in PYTHON and not shutil.which(name, path=system)]
    elsewhere = {name: shutil.which(name, path=_other_folders()) for name in lacking}
    for name, found in elsewhere.items():
        if found:
            (commands / name).symlink_to(found)
    no = _write(words / "lack", _say_no("is on GitHub's runners, but not on this machine", LACK))
    _link(commands, [name for name, found in elsewhere.items() if not found], no)
    hidden = _write(words / "hide", f'echo "${{0##*/}}: command not found" >&2\nexit {LACK}\n')
    _link(commands, [name for name in NOT_THERE.split() if shutil.which(name, path=system)], hidden)
    _link(commands, list(PYTHON), _write(words / "python", _start_python()))


def _other_folders() -> str:
    """Return where else this machine may have a tool: on the caller's PATH, but for environments of Python and what stands in for them."""
    folders = [Path(entry) for entry in os.environ.get("PATH", os.defpath).split(os.pathsep)]
    kept = [str(each) for each in folders if each.is_absolute() and each.name != "shims" and not (each.parent / "pyvenv.cfg").exists()]
    return os.pathsep.join(kept)


def _say_no(words: str, status: int) -> str:
    """Return a script that says why it does nothing, and leaves its name to be read."""
    return f'name=${{0##*/}}\necho "$name" >> "${{{CALLED}:-/dev/null}}"\necho "pypi-runbook: $name "{shlex.quote(words)} >&2\nexit {status}\n'


def _start_python() -> str:
    """Return a script that makes the job's own Python when it is first called: what a job installs must not reach this machine's."""
    make = shlex.join([sys.executable, "-I", str(MAKER)])
    start = f'case ${{0##*/}} in pip*) exec "${PYTHON_FOLDER}/bin/pip" "$@" ;; *) exec "${PYTHON_FOLDER}/bin/python3" "$@" ;; esac'
    return f'[ -e "${PYTHON_FOLDER}/made" ] || {make} "${PYTHON_FOLDER}" || exit\n{start}\n'


def _write(place: Path, script: str) -> Path:
    place.write_text(f"#!/bin/sh\n{script}")
    place.chmod(0o755)
    return place


def _link(folder: Path, names: list[str], target: Path) -> None:
    for name in names:
        (folder / name).symlink_to(target)
