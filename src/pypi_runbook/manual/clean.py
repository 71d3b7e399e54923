"""An environment that holds nothing but Python, in which a built file shows whether it installs, imports and starts."""

from __future__ import annotations

import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from pypi_runbook.manual.files import File
from pypi_runbook.manual.lock import waiting
from pypi_runbook.manual.release import Release, open_state
from pypi_runbook.manual.tools import Answer, ask_bare, python, run_bare

SECONDS = 60.0


@dataclass(frozen=True)
class Clean:
    """A virtual environment in `folder`, beside an empty folder in which its commands run."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Clean | None:
        """Make an environment in FOLDER, which does not exist yet; None when that fails, after the tool has said why."""
        # Our own pip serves any environment, which saves most of the time that making one takes.
        without = ["--without-pip"] if importlib.util.find_spec("pip") else []
        (folder / "home").mkdir(parents=True)
        return None if run_bare([python(), "-m", "venv", *without, str(folder / "env")], folder) else cls(folder)

    @classmethod
    def complete(cls, release: Release, file: File) -> Clean | None:
        """Return an environment that holds FILE with what it depends on, made once for a build; None when that fails, after pip said why.

        Most of the time of a check and of a verification is the installation of dependencies, and those are the same.
        """
        with waiting(release, "clean.lock"):
            folder = open_state(release) / f"clean-{file.sha256()[:16]}"
            if (folder / "complete").exists():
                return cls(folder)
            shutil.rmtree(folder, ignore_errors=True)
            room = cls.make(folder)
            if room is None or not room.install(str(file.path), "--quiet"):
                return None
            (folder / "complete").touch()
            return room

    def program(self, name: str) -> Path:
        """Return where the environment's command NAME lies."""
        return self.folder / "env" / ("Scripts" if os.name == "nt" else "bin") / name

    def install(self, *arguments: str) -> bool:
        """Run `pip install` with ARGUMENTS for this environment, and say whether it succeeded."""
        own = [python(), "-m", "pip", "--python", str(self.folder / "env")]
        pip = own if importlib.util.find_spec("pip") else [str(self.program("python")), "-m", "pip"]
        return run_bare([*pip, "install", "--disable-pip-version-check", "--no-compile", *arguments], self.folder, tmp=self.folder) == 0

    def ask(self, command: str, *arguments: str, seconds: float = SECONDS) -> Answer:
        """Run the environment's COMMAND in an empty folder that is its HOME too, for SECONDS at most, and return its answer."""
        home = self.folder / "home"
        settings = {"HOME": str(home), "USERPROFILE": str(home), "NO_COLOR": "1", "COLUMNS": "200", "PYTHONDONTWRITEBYTECODE": "1"}
        return ask_bare([str(self.program(command)), *arguments], home, settings, seconds)


def forget(release: Release) -> None:
    """Take away what `complete` made for earlier builds of RELEASE."""
    for folder in release.state.glob("clean-*"):
        shutil.rmtree(folder, ignore_errors=True)
