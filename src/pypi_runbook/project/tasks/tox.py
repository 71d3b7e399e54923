"""tox: the commands and variables of the environments that `-e` names, from each place where tox looks for them."""

from __future__ import annotations

import configparser
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pypi_runbook.project.repositories import toml
from pypi_runbook.project.shell import ASSIGNMENT, Command, shell_commands
from pypi_runbook.project.text import items, table, text_of

Environments = dict[str, tuple[list[str], dict[str, str]]]
KEYS = ("commands_pre", "commands", "commands_post")


def tox_commands(arguments: list[str], folder: Path, root: Path) -> list[Command]:
    """Return what `tox ARGUMENTS` runs: the environments after `-e`, or those that the file lists."""
    listed, environments = read_tox(folder, root)
    wanted = list(named(arguments)) or listed
    found = []
    for name in wanted:
        lines, env = environments.get(name) or environments.get("", ([], {}))
        chosen = [match[2] for line in lines if (match := re.match(r"(?:([\w,!.-]+): +)?(.*)", line)) and factor(match[1], name)]
        text = re.sub(r"\{posargs[^}]*\}|\{(?:envbindir|toxinidir)\}/", "", "\n".join(line.removeprefix("- ") for line in chosen))
        found += [Command(command.words, env | command.env) for command in shell_commands(text)]
    return found


def named(arguments: list[str]) -> Iterator[str]:
    """Yield the environments that ARGUMENTS name, in each of the ways to write `-e a,b`."""
    for place, word in enumerate(arguments):
        if match := re.fullmatch(r"-e=?(.+)|--env=(.+)", word):
            yield from (match[1] or match[2]).split(",")
        elif word in ("-e", "--env") and place + 1 < len(arguments):
            yield from arguments[place + 1].split(",")


def factor(condition: str | None, name: str) -> bool:
    """Tell whether a line that stands behind CONDITION (`publish:`, `py3-publish,other:`) is one of environment NAME."""
    return condition is None or any(set(part.split("-")) <= set(name.split("-")) for part in condition.split(","))


def read_tox(folder: Path, root: Path) -> tuple[list[str], Environments]:
    """Return the environments that run without `-e`, and lines and variables of each; `` is what all of them start from."""
    data = toml(text_of(folder / "pyproject.toml", root))
    native = table(table(data.get("tool")).get("tox"))
    own = toml(text_of(folder / "tox.toml", root))
    legacy = native.get("legacy_tox_ini")
    for text in (text_of(folder / "tox.ini", root), legacy if isinstance(legacy, str) else None, text_of(folder / "setup.cfg", root)):
        found = from_ini(text or "")
        if found[1]:
            return found
    return from_toml(own or native)


def from_ini(text: str) -> tuple[list[str], Environments]:
    """Return what the sections `testenv` and `testenv:NAME` say."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return [], {}
    base = dict(parser["testenv"]) if parser.has_section("testenv") else {}
    found: Environments = {"": section(base)} if base else {}
    for name in parser.sections():
        if name.startswith("testenv:"):
            found[name.removeprefix("testenv:")] = section(base | dict(parser[name]))
    main = next((parser[name] for name in ("tox", "tox:tox") if parser.has_section(name)), None)
    listed = (main.get("env_list") or main.get("envlist") or "") if main else ""
    return [name for name in re.split(r"[,\s]+", listed) if name], found


def section(values: dict[str, str]) -> tuple[list[str], dict[str, str]]:
    """Return the lines and variables of one section of an ini file."""
    lines = [line for key in KEYS for line in values.get(key, "").replace("\\\n", " ").splitlines() if line.strip()]
    settings = (values.get("set_env") or values.get("setenv") or "").splitlines()
    pairs = (ASSIGNMENT.fullmatch(re.sub(r"\s*=\s*", "=", line.strip(), count=1)) for line in settings)
    return lines, {pair[1]: pair[2] for pair in pairs if pair}


def from_toml(data: dict[str, Any]) -> tuple[list[str], Environments]:
    """Return what tox's native TOML says: each command is a list of words."""
    base = table(data.get("env_run_base"))
    found: Environments = {"": native_section(base)} if base else {}
    for name, body in table(data.get("env")).items():
        found[str(name)] = native_section(base | table(body))
    return [str(name) for name in items(data.get("env_list"))], found


def native_section(values: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    """Return the lines and variables of one environment in TOML."""
    lines = [shlex.join(str(word) for word in command) for key in KEYS for command in items(values.get(key)) if isinstance(command, list)]
    return lines, {str(key): str(value) for key, value in table(values.get("set_env")).items()}
