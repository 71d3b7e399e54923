"""A Python of a job's own, laid out as in GitHub's tool cache, so that what a job installs never reaches the machine."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import zipfile
from pathlib import Path

from pypi_runbook.rehearsal.running import NotHereError
from pypi_runbook.rehearsal.standins.interpreters import Installation, Interpreter, examine_interpreter

# Belong to the machine's own packages, or to its package manager.
LEFT_OUT = {"site-packages", "dist-packages", "EXTERNALLY-MANAGED", "__pycache__"}
# As pip writes it: a first line with the interpreter itself breaks at the first space of its path.
SCRIPT = """#!/bin/sh
'''exec' {python} "$0" "$@"
' '''
import sys

from pip._internal.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
"""


def make_python(interpreter: Interpreter, folder: Path) -> Path:
    """Make FOLDER a Python like INTERPRETER with packages of its own and pip, and return its command.

    A copy of the program beside links to the standard library: it is no virtual environment, so `pip install --user` works as on GitHub.
    Where an installation cannot be taken apart like this, it is a virtual environment. NotHereError when neither can be made.
    """
    told = examine_interpreter(interpreter.command)
    if not told:
        raise NotHereError(f"the Python {interpreter.version} of this machine ({interpreter.command}) does not start")
    short = f"python{interpreter.version.major}.{interpreter.version.minor}"
    if _can_be_linked(told[1]):
        _link(told[1], folder, short)
        if _starts(folder / "bin" / short, folder):
            _install_pip(told[1].wheels, folder, short)
            return folder / "bin" / "python"
        shutil.rmtree(folder)
    return _virtual_environment(interpreter, folder)


def _can_be_linked(installation: Installation) -> bool:
    return os.name == "posix" and installation.usual and installation.stdlib.is_dir() and any(installation.wheels.glob("pip-*.whl"))


def _link(installation: Installation, folder: Path, short: str) -> None:
    library = folder / "lib" / short
    for made in (folder / "bin", library / "site-packages", library / "__pycache__", folder / "include"):
        made.mkdir(parents=True)
    shutil.copy2(installation.executable, folder / "bin" / short)
    for name in ("python", "python3"):
        (folder / "bin" / name).symlink_to(short)
    _link_each(installation.stdlib, library)
    # Links one by one: a compiled module that is missing is then written here, not into the machine's library.
    _link_each(installation.stdlib / "__pycache__", library / "__pycache__")
    _link_each(installation.prefix / "include", folder / "include", short)
    _link_each(installation.prefix / "lib", folder / "lib", "libpython", "pkgconfig")


def _link_each(source: Path, target: Path, *beginnings: str) -> None:
    """Link what SOURCE holds into TARGET, only names with one of BEGINNINGS if there are any."""
    for entry in source.iterdir() if source.is_dir() else ():
        wanted = entry.name.startswith(beginnings) if beginnings else entry.name not in LEFT_OUT
        if wanted and not (target / entry.name).exists():
            (target / entry.name).symlink_to(entry)


def _starts(command: Path, prefix: Path) -> bool:
    probe = "import sys, ctypes, ssl; print(sys.prefix)"
    done = subprocess.run([command, "-I", "-c", probe], capture_output=True, text=True, check=False)
    return done.returncode == 0 and Path(done.stdout.strip()) == prefix


def _install_pip(wheels: Path, folder: Path, short: str) -> None:
    """Unpack what ensurepip would install, which takes a tenth of the time that it takes."""
    for wheel in wheels.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder / "lib" / short / "site-packages")
    for name in ("pip", "pip3", f"pip{short.removeprefix('python')}"):
        (folder / "bin" / name).write_text(SCRIPT.format(python=shlex.quote(str(folder / "bin" / short))), encoding="utf-8")
        (folder / "bin" / name).chmod(0o755)


def _virtual_environment(interpreter: Interpreter, folder: Path) -> Path:
    done = subprocess.run([interpreter.command, "-I", "-m", "venv", folder], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotHereError(f"the Python {interpreter.version} of this machine ({interpreter.command}) makes no environment of its own")
    return folder / ("Scripts" if os.name == "nt" else "bin") / "python"
