"""The Python interpreters of this machine: those on PATH, of pyenv, of uv, of a tool cache, and this product's own."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

# Folders whose names say the version, so that nothing has to be started.
NAMED = ("~/.pyenv/versions/*", "~/.local/share/uv/python/cpython-*", "/opt/hostedtoolcache/Python/*/x64")
PROBE = """
import ensurepip, json, os, sys, sysconfig
base = sys.base_prefix
print(json.dumps({
    "version": "%d.%d.%d" % sys.version_info[:3],
    "final": sys.version_info[3] == "final",
    "prefix": base,
    "executable": os.path.realpath(getattr(sys, "_base_executable", sys.executable)),
    "stdlib": sysconfig.get_path("stdlib", vars={"installed_base": base, "base": base}),
    "usual": sysconfig.get_default_scheme() == "posix_prefix" if hasattr(sysconfig, "get_default_scheme") else True,
    "wheels": os.path.join(os.path.dirname(ensurepip.__file__), "_bundled"),
}))
"""


@dataclass(frozen=True)
class Interpreter:
    """An interpreter: the command that starts it, and its version."""

    command: Path
    version: Version


@dataclass(frozen=True)
class Installation:
    """What an interpreter says about itself.

    usual: whether packages go to `lib/pythonX.Y/site-packages`, which a distribution may change; wheels: what its ensurepip installs.
    """

    prefix: Path
    executable: Path
    stdlib: Path
    usual: bool
    wheels: Path


@functools.cache
def interpreters() -> tuple[Interpreter, ...]:
    """Return the interpreters of this machine, the newest first, one of each version."""
    found: dict[Version, Interpreter] = {}
    for interpreter in [_own(), *_named(), *_on_path()]:
        found.setdefault(interpreter.version, interpreter)
    return tuple(sorted(found.values(), key=lambda each: each.version, reverse=True))


def examine_interpreter(command: Path) -> tuple[Version, Installation] | None:
    """Return the version and the installation of the interpreter COMMAND; None when it does not start, or is too bare to say."""
    # Isolated, so that neither the folder nor the person's variables change what it says.
    try:
        done = subprocess.run([command, "-I", "-c", PROBE], capture_output=True, text=True, timeout=30, check=True)
        told = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    places = {name: Path(told[name]) for name in ("prefix", "executable", "stdlib", "wheels")}
    version = Version(told["version"] if told["final"] else f"{told['version']}rc0")
    return version, Installation(**places, usual=told["usual"])


def _own() -> Interpreter:
    major, minor, micro = sys.version_info[:3]
    return Interpreter(Path(getattr(sys, "_base_executable", sys.executable)), Version(f"{major}.{minor}.{micro}"))


def _named() -> Iterator[Interpreter]:
    places = [*NAMED, *([f"{os.environ['PYENV_ROOT']}/versions/*"] if os.environ.get("PYENV_ROOT") else [])]
    for place in places:
        pattern = Path(place).expanduser()
        parts = pattern.parts.index("*") if "*" in pattern.parts else len(pattern.parts) - 1
        base = Path(*pattern.parts[:parts])
        for folder in base.glob(str(Path(*pattern.parts[parts:]))):
            written = re.search(r"\d+\.\d+\.\d+\w*", folder.relative_to(base).parts[0])
            command = folder / "bin" / "python3"
            if written and command.exists():
                try:
                    yield Interpreter(command, Version(written[0]))
                except InvalidVersion:
                    continue


def _on_path() -> Iterator[Interpreter]:
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        # pyenv's shims start whatever version pyenv thinks of, and its versions are known already.
        if not folder or Path(folder).name == "shims" or not Path(folder).is_dir():
            continue
        for command in sorted(Path(folder).glob("python3.*")):
            if re.fullmatch(r"python3\.\d+", command.name) and (told := examine_interpreter(command)):
                yield Interpreter(command, told[0])
