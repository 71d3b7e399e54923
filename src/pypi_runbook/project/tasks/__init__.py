"""What a task runner runs when it is asked for a task: its file is read, the runner is not asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pypi_runbook.project.clients import base
from pypi_runbook.project.shell import Command
from pypi_runbook.project.tasks.just import just_commands
from pypi_runbook.project.tasks.make import make_commands
from pypi_runbook.project.tasks.nox import invoke_commands, nox_commands
from pypi_runbook.project.tasks.scripts import SCRIPTS, script_commands
from pypi_runbook.project.tasks.tox import tox_commands

RUNNERS: dict[str, Callable[[list[str], Path, Path], list[Command]]] = {
    "make": make_commands,
    "gmake": make_commands,
    "just": just_commands,
    "tox": tox_commands,
    "nox": nox_commands,
    "invoke": invoke_commands,
    "inv": invoke_commands,
}
IN_FRONT = {"uv", "uvx", "pipx", "poetry", "pdm", "hatch", "rye", "run", "tool", "-m", "x"}


def names_runner(words: list[str]) -> bool:
    """Tell whether WORDS may call a task runner, before its file is read."""
    return any(base(word) in RUNNERS or base(word) in SCRIPTS for word in words)


def task_commands(words: list[str], folder: Path, root: Path) -> list[Command]:
    """Return the commands that WORDS lead to through a task runner; empty when they call none, or a task that no file has.

    folder: where the words are run; root: the repository, outside of which nothing is read.
    """
    for place, word in enumerate(words):
        name = base(word)
        if name in RUNNERS:
            return RUNNERS[name](words[place + 1 :], folder, root)
        if name in SCRIPTS and (found := script_commands(name, words[place + 1 :], folder, root)):
            return found
        if name not in IN_FRONT and not name.startswith("python"):
            return []
    return []
