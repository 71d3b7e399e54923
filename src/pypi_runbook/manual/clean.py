"""An environment that holds nothing but Python, in which a built file shows whether it installs, imports and starts."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

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

    def program(self, name: str) -> Path:
        """Return where the environment's command NAME lies."""
        return self.folder / "env" / ("Scripts" if os.name == "nt" else "bin") / name

    def install(self, file: Path, *, dependencies: bool) -> bool:
        """Install FILE, with what it depends on if DEPENDENCIES, and say whether pip succeeded; without them no index is asked."""
        own = [python(), "-m", "pip", "--python", str(self.folder / "env")]
        pip = own if importlib.util.find_spec("pip") else [str(self.program("python")), "-m", "pip"]
        options = ["--quiet", "--disable-pip-version-check", "--no-compile", *([] if dependencies else ["--no-deps", "--no-index"])]
        return run_bare([*pip, "install", *options, str(file)], self.folder, tmp=self.folder) == 0

    def ask(self, command: str, *arguments: str, seconds: float = SECONDS) -> Answer:
        """Run the environment's COMMAND in an empty folder that is its HOME too, for SECONDS at most, and return its answer."""
        home = self.folder / "home"
        settings = {"HOME": str(home), "USERPROFILE": str(home), "NO_COLOR": "1", "COLUMNS": "200", "PYTHONDONTWRITEBYTECODE": "1"}
        return ask_bare([str(self.program(command)), *arguments], home, settings, seconds)
