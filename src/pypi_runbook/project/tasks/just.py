"""just: a recipe's lines, after those of its dependencies."""

from __future__ import annotations

import re
from pathlib import Path

from pypi_runbook.project.shell import Command, shell_commands
from pypi_runbook.project.tasks.make import Makefile, recipe
from pypi_runbook.project.text import text_of

HEAD = re.compile(r"^@?([A-Za-z_][\w-]*)([^:=\n]*):(?!=)([^#\n]*)")
VARIABLE = re.compile(r"(?m)^(?:export[ \t]+)?([A-Za-z_][\w-]*)[ \t]*:=[ \t]*['\"]([^'\"\n]*)['\"]")
USE = re.compile(r"\{\{\s*([\w-]+)\s*\}\}")


def just_commands(arguments: list[str], folder: Path, root: Path) -> list[Command]:
    """Return what `just ARGUMENTS` runs: without a recipe, what the first one of the file does."""
    text = next((found for name in ("justfile", "Justfile", ".justfile") if (found := text_of(folder / name, root)) is not None), "")
    justfile = read_justfile(text)
    wanted = [word for word in arguments if not word.startswith("-")]
    first = [word for word in wanted if word in justfile.needs] if wanted else list(justfile.needs)[:1]
    lines = [USE.sub(lambda match: justfile.variables.get(match[1], match[0]), line) for line in recipe(justfile, first)]
    return list(shell_commands("\n".join(lines)))


def read_justfile(text: str) -> Makefile:
    """Return the recipes and variables of TEXT; a dependency in parentheses counts without its arguments."""
    justfile = Makefile(variables=dict(VARIABLE.findall(text)))
    current = ""
    for line in text.splitlines():
        if line[:1].isspace() and current:
            justfile.recipes.setdefault(current, []).append(line.strip().lstrip("@-"))
        elif match := HEAD.match(line):
            current = match[1]
            justfile.needs[current] = re.findall(r"[A-Za-z_][\w-]*", re.sub(r"\((\S+)[^)]*\)", r"\1", match[3]))
    return justfile
