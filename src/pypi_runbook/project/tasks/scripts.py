"""Scripts by name in a table: those of pdm, hatch, poe, taskipy, rye, and npm's in package.json."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pypi_runbook.project.repositories import toml
from pypi_runbook.project.shell import Command, shell_commands
from pypi_runbook.project.text import table, text_of

# Runner to the tables of pyproject.toml that hold its scripts.
SCRIPTS = {
    "pdm": ("pdm.scripts",),
    "rye": ("rye.scripts",),
    "poe": ("poe.tasks",),
    "task": ("taskipy.tasks",),
    "hatch": ("hatch.envs.{env}.scripts", "hatch.envs.default.scripts"),
    "npm": (),
    "yarn": (),
    "pnpm": (),
}


def script_commands(runner: str, arguments: list[str], folder: Path, root: Path) -> list[Command]:
    """Return what RUNNER runs for the script that ARGUMENTS name; empty when the project has none of that name."""
    named = next((word for word in arguments if not word.startswith("-") and word not in ("run", "run-script")), "")
    env, _, name = named.rpartition(":") if runner == "hatch" else ("", "", named)
    scripts = npm_scripts(folder, root) if not SCRIPTS[runner] else pyproject_scripts(SCRIPTS[runner], env or "default", folder, root)
    try:
        return list(shell_commands("\n".join(texts(scripts.get(name), scripts, {name}))))
    except RecursionError:  # package.json may hold lists in lists without end
        return []


def npm_scripts(folder: Path, root: Path) -> dict[str, Any]:
    """Return the scripts of package.json."""
    try:
        data = json.loads(text_of(folder / "package.json", root) or "{}")
    except (ValueError, RecursionError):
        return {}
    return table(table(data).get("scripts"))


def pyproject_scripts(places: tuple[str, ...], env: str, folder: Path, root: Path) -> dict[str, Any]:
    """Return the scripts in the PLACES below [tool]; one that stands first has priority."""
    data = toml(text_of(folder / "pyproject.toml", root))
    found: dict[str, Any] = {}
    for place in reversed(places):
        value: Any = data.get("tool")
        for key in place.split("."):
            value = table(value).get(env if key == "{env}" else key)
        found |= table(value)
    return found


def texts(body: Any, scripts: dict[str, Any], seen: set[str]) -> Iterator[str]:
    """Yield the shell lines of one script's BODY: a text, a list, or a table; a line that begins with another script's name is that script."""
    if isinstance(body, str):
        other = body.split(maxsplit=1)[0] if body.strip() else ""
        if other in scripts and other not in seen:
            seen.add(other)
            yield from texts(scripts[other], scripts, seen)
        else:
            yield body
    elif isinstance(body, list):
        for item in body:
            yield from texts(item, scripts, seen)
    elif isinstance(body, dict):
        yield from texts(next((body[key] for key in ("cmd", "shell", "composite", "sequence") if key in body), None), scripts, seen)
