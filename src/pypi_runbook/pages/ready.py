"""What is made once and then ready for every session: a pip for `python3 -m venv`, and compiled modules of the locked clients.

Python's own `venv` and `ensurepip` install that pip, into an environment that is kept. Sessions see a copy of the package
`ensurepip` whose `__main__` copies from there; a reader's command and the environment that it makes stay the same.
"""

from __future__ import annotations

import compileall
import fcntl
import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from pypi_runbook.twin.mirror import cache_folder

CLIENTS = ("pypi-runbook", "build", "twine", "poetry")
MAIN = Path(__file__).with_name("ensurepip_main.py")


@functools.cache
def ready_ensurepip() -> tuple[Path, Path] | None:
    """Return the prepared `ensurepip` and the one that it replaces, those of the sessions' Python; None where it cannot be made.

    The first call on a machine takes as long as one `python3 -m venv`.
    """
    found = find_spec("ensurepip")
    if not sys.platform.startswith("linux") or found is None or not found.origin:
        return None
    original = Path(found.origin).parent
    try:
        return _prepare(original, cache_folder(os.environ) / "ensurepip" / _key(original)), original
    except (OSError, subprocess.CalledProcessError):
        return None


def _prepare(original: Path, folder: Path) -> Path:
    """Make FOLDER unless it is complete, one process at a time."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(original, folder, symlinks=False)
            shutil.copy(MAIN, folder / "__main__.py")
            python = str(getattr(sys, "_base_executable", sys.executable))
            # In `ensurepip` itself: the environment is Python's own work, by Python's own `ensurepip`.
            subprocess.run([python, "-I", "-m", "venv", str(folder / "_ready")], capture_output=True, check=True, umask=0o022)
            subprocess.run([python, "-I", "-m", "compileall", "-q", str(folder / "__main__.py")], capture_output=True, check=True)
            (folder / "complete").touch()
    return folder


def _key(original: Path) -> str:
    """Return what a prepared `ensurepip` is made from: this Python, its bundled wheels, and our own part."""
    digest = hashlib.sha256(f"{sys.version} {sys.base_prefix}".encode())
    for content in (MAIN.read_bytes(), *_described(original)):
        digest.update(content)
    return digest.hexdigest()[:16]


def _described(folder: Path) -> Iterator[bytes]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            yield f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}".encode()


def compile_clients() -> None:
    """Compile the modules of the locked clients and of what they need; those that are compiled already cost a look each.

    A session sees this environment read-only, so that Python would compile them anew with each command.
    """
    for found in _with_needs(CLIENTS):
        for file in found.files or ():
            if file.suffix == ".py" and "tests" not in file.parts:
                compileall.compile_file(file.locate(), quiet=2)
    compileall.compile_dir(Path(__file__).parents[1], quiet=2)


def _with_needs(names: Iterable[str]) -> Iterator[Distribution]:
    """Yield the installed distributions NAMES and everything that they require, each once."""
    waiting, seen = list(names), set()
    while waiting:
        if (name := waiting.pop()) not in seen:
            seen.add(name)
            try:
                found = distribution(name)
            except PackageNotFoundError:
                continue
            yield found
            waiting += [match[0] for line in found.requires or () if (match := re.match(r"[\w.-]+", line)) and "extra ==" not in line]
