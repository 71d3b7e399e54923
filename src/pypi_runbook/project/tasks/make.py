"""make: a target's recipe, after those of its prerequisites."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from pypi_runbook.project.shell import ASSIGNMENT, Command, shell_commands
from pypi_runbook.project.text import text_of

VARIABLE = re.compile(r"(?m)^(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*(?::{1,3}|\?|)=[ \t]*(.*)$")
RULE = re.compile(r"^([^\s#:=][^#:=]*?)\s*::?(?!=)\s*([^#;=]*)")
USE = re.compile(r"\$[({](\w+)[)}]")
FILES = ("GNUmakefile", "makefile", "Makefile")


@dataclass(frozen=True)
class Makefile:
    """Recipe and prerequisites of each target, and the variables that the file gives a plain value."""

    recipes: dict[str, list[str]] = field(default_factory=dict)
    needs: dict[str, list[str]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)


def make_commands(arguments: list[str], folder: Path, root: Path) -> list[Command]:
    """Return what `make ARGUMENTS` runs: without a target, what the first one of the file does."""
    folder = folder / (after(arguments, "-C") or ".")
    named = after(arguments, "-f")
    text = next((found for name in ((named,) if named else FILES) if (found := text_of(folder / name, root)) is not None), None)
    if text is None:
        return []
    makefile = read_makefile(text)
    given = {match[1]: match[2] for word in arguments if (match := ASSIGNMENT.fullmatch(word))}
    targets = [word for place, word in enumerate(arguments) if word in makefile.needs and arguments[place - 1 : place] not in (["-C"], ["-f"])]
    first = next((name for name in makefile.needs if not name.startswith(".")), None)
    lines = recipe(makefile, targets or ([first] if first and not wants_targets(arguments) else []))
    variables = makefile.variables | given
    return list(shell_commands("\n".join(USE.sub(lambda match: variables.get(match[1], match[0]), line).replace("$$", "$") for line in lines)))


def after(arguments: list[str], option: str) -> str | None:
    """Return what follows OPTION in ARGUMENTS."""
    return next((arguments[place + 1] for place, word in enumerate(arguments[:-1]) if word == option), None)


def wants_targets(arguments: list[str]) -> bool:
    """Tell whether ARGUMENTS name a target, so that the first one of the file is not meant."""
    plain = [word for place, word in enumerate(arguments) if arguments[place - 1 : place] not in (["-C"], ["-f"])]
    return any(not word.startswith("-") and "=" not in word for word in plain)


@lru_cache(maxsize=16)
def read_makefile(text: str) -> Makefile:
    """Return the rules and variables of TEXT; conditions and patterns are read as if all of them held."""
    makefile = Makefile(variables={name: value.strip() for name, value in VARIABLE.findall(text)})
    current: list[str] = []
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("\t"):
            for target in current:
                makefile.recipes.setdefault(target, []).append(line.lstrip("\t@-+ "))
        elif (match := RULE.match(line)) and not VARIABLE.match(line):
            current = match[1].split()
            for target in current:
                makefile.needs.setdefault(target, []).extend(match[2].replace("|", " ").split())
    return makefile


def recipe(makefile: Makefile, targets: list[str]) -> list[str]:
    """Return the lines that TARGETS run, each target once and after what it needs."""
    lines: list[str] = []
    done: set[str] = set()
    pending = [(target, False) for target in reversed(targets)]
    while pending:
        target, ready = pending.pop()
        if ready:
            lines += makefile.recipes.get(target, [])
        elif target not in done:
            done.add(target)
            pending.append((target, True))
            pending += ((need, False) for need in reversed(makefile.needs.get(target, [])))
    return lines
