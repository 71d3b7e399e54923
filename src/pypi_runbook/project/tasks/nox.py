"""nox and Invoke: tasks that are functions of a Python file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from pypi_runbook.project.python import commands_below, functions
from pypi_runbook.project.shell import Command
from pypi_runbook.project.text import text_of


def nox_commands(arguments: list[str], folder: Path, root: Path) -> list[Command]:
    """Return what `nox ARGUMENTS` runs: the sessions that `-s` names, or all of the file."""
    wanted = [name.split("(")[0] for name in sessions(arguments)]
    text = text_of(folder / "noxfile.py", root) or ""
    return [
        command
        for function in functions(text)
        for name in [task_name(function, "session")]
        if name and (not wanted or any(re.fullmatch(rf"{re.escape(name)}(-[\w.]+)?", one) for one in wanted))
        for command in commands_below(function)
    ]


def sessions(arguments: list[str]) -> Iterator[str]:
    """Yield the sessions that ARGUMENTS name: `-s a b`, `-sa`, `--session=a`, `--sessions a`."""
    taking = False
    for word in arguments:
        if match := re.fullmatch(r"(?:-[se]|--sessions?=)(.+)", word):
            yield match[1]
        elif word.startswith("-"):
            taking = word in ("-s", "-e", "--session", "--sessions")
        elif taking:
            yield word


def invoke_commands(arguments: list[str], folder: Path, root: Path) -> list[Command]:
    """Return what `invoke ARGUMENTS` runs: the tasks that they name."""
    text = text_of(folder / "tasks.py", root) or ""
    names = [(function, (task_name(function, "task") or "").replace("_", "-")) for function in functions(text)]
    return [command for function, name in names if name in arguments for command in commands_below(function)]


def task_name(function: ast.FunctionDef, decorator: str) -> str | None:
    """Return the name of the task that FUNCTION is, None when no DECORATOR makes it one."""
    for node in function.decorator_list:
        call = node.func if isinstance(node, ast.Call) else node
        name = call.id if isinstance(call, ast.Name) else call.attr if isinstance(call, ast.Attribute) else ""
        keywords = node.keywords if isinstance(node, ast.Call) else []
        given = next((word.value for word in keywords if word.arg == "name"), None)
        if name == decorator:
            return str(given.value) if isinstance(given, ast.Constant) else function.name
    return None
