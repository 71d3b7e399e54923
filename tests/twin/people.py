"""People and clients around a real twin: each module has its own twin, each test its own HOME."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from pypi_runbook.pages.needs import require
from pypi_runbook.twin import Twin
from pypi_runbook.twin.mirror import cache_folder

CLIENTS = Path(__file__).resolve().parents[1] / "clients"
# A machine may lack these: a test that runs one of them is then skipped.
OPTIONAL = {"curl", "gh"}
OWN_COMMANDS = Path(sys.executable).parent


@dataclass
class Person:
    """Somebody inside a twin: a HOME, a working folder, and clients on PATH."""

    twin: Twin
    folder: Path
    commands: tuple[Path, ...] = (OWN_COMMANDS,)

    def run(self, *argv: str, enclosed: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run ARGV and return it with both streams in `stdout`."""
        # Their absence would look like a failure of what is tested.
        require(*OPTIONAL & set(re.findall(r"[\w-]+", " ".join(argv))))
        command = self.twin.wrap(list(argv)) if enclosed else list(argv)
        return subprocess.run(
            command,
            env=self.environment(variables),
            cwd=self.work,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Return all variables of a command: the twin's, this person's PATH, and VARIABLES."""
        home, tmp = self.folder / "home", self.folder / "tmp"
        home.mkdir(exist_ok=True)
        tmp.mkdir(exist_ok=True)
        path = os.pathsep.join([*map(str, self.commands), "/usr/local/bin", "/usr/bin", "/bin"])
        # Rich wraps at the terminal's width, and the words are what these tests read.
        return {**self.twin.environment(home, tmp), "PATH": path, "COLUMNS": "1000", "NO_COLOR": "1", **variables}

    def upload(self, index: str, *files: Path, password: str | None = None, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        """Upload FILES with twine, with a right token unless PASSWORD is given."""
        token = password if password is not None else self.twin.token(index)
        variables = {"TWINE_USERNAME": "__token__", "TWINE_PASSWORD": token}
        command = ["twine", "upload", "--non-interactive", "--disable-progress-bar", "--repository", index, *options]
        return self.run(*command, *map(str, files), enclosed=True, **variables)

    @property
    def work(self) -> Path:
        """The folder in which commands run."""
        (self.folder / "work").mkdir(exist_ok=True)
        return self.folder / "work"


@pytest.fixture(scope="module")
def twin() -> Iterator[Twin]:
    """A twin for the tests of one module."""
    with Twin.start() as running:
        yield running


@pytest.fixture
def person(twin: Twin, tmp_path: Path) -> Person:
    """Somebody with this project's own commands."""
    return Person(twin, tmp_path)


@pytest.fixture(scope="session")
def client() -> Callable[[str], Path]:
    """Return the folder of commands of a locked client, installed through a twin and kept for the next run."""
    return install_client


def install_client(name: str) -> Path:
    """Install the client called NAME from its lock, once for this lock and this Python."""
    lock = CLIENTS / name / "requirements.txt"
    key = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder = cache_folder(os.environ) / "clients" / f"{lock.parent.name}-{key}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _install(folder, lock)
            (folder / "complete").touch()
    return folder / "bin"


def _install(folder: Path, lock: Path) -> None:
    with Twin.start() as twin, tempfile.TemporaryDirectory() as home:
        person = Person(twin, Path(home), commands=(folder / "bin",))
        subprocess.run([sys.executable, "-m", "venv", *([] if lock.parent.name == "uv" else ["--without-pip"]), str(folder)], check=True)
        options = ("--quiet", "--require-hashes", "--no-deps", "--no-cache-dir", "--requirement", str(lock))
        done = person.run(*_installer(folder, lock), *options)
        assert done.returncode == 0, done.stdout


def _installer(folder: Path, lock: Path) -> list[str]:
    """Return the command that installs into FOLDER: pip for uv, and uv, which is faster, for everything else."""
    if lock.parent.name == "uv":
        return ["pip", "install"]
    return [str(install_client("uv") / "uv"), "pip", "install", "--python", str(folder / "bin" / "python")]
