"""Record which files a process opens, so that a result can say what it was made from.

Python tells an audit hook about each file that it opens, the modules that it imports included (PEP 578), so no list of
dependencies has to be kept by hand. What other programs open is not seen.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parent
# The file to which each process of a session adds the package's files that it opens.
VARIABLE = "PYPI_RUNBOOK_READS"
COMPILED = re.compile(r"__pycache__/(?P<name>[^/]+)\.[\w-]+\.pyc(?:\.\d+)?$")
IN_PACKAGE = re.compile(r"(?:^|/)pypi_runbook/(?P<name>.+)$")
ABSENT = "absent"
SOURCES = (".py", ".toml", ".txt", ".bash", ".json")
Tell = Callable[[str, str], None]
_TELL: list[Tell] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    """Pass on what is opened, listed or run as a module; an audit hook must never raise, and nothing removes it again."""
    if not _TELL or event not in ("open", "os.listdir", "os.scandir", "exec"):
        return
    with suppress(Exception):
        path = arguments[0].co_filename if event == "exec" else arguments[0]
        if isinstance(path, str | bytes | os.PathLike):
            # pathlib opens nothing here, but takes ten times as long.
            _tell(event, COMPILED.sub(r"\g<name>.py", os.path.abspath(os.fsdecode(path))))  # noqa: PTH100


def _tell(event: str, path: str) -> None:
    for tell in tuple(_TELL):
        tell(event, path)


def note(*paths: Path) -> None:
    """Count PATHS as used, for what another process opens on behalf of this one."""
    for path in paths:
        _tell("note", str(path))


@contextmanager
def recording(into: set[Path]) -> Iterator[None]:
    """Add each file that this process opens and each folder that it lists meanwhile to INTO, as an absolute path."""

    def tell(event: str, path: str) -> None:
        if event != "exec":
            into.add(Path(path))

    _install()
    _TELL.append(tell)
    try:
        yield
    finally:
        _TELL.remove(tell)


def _install() -> None:
    global _installed
    if not _installed:
        sys.addaudithook(_hook)
        _installed = True


_installed = False


def write_to(file: str) -> None:
    """Add the names of the package's files that this process uses from now on to FILE, and of those that it has loaded already.

    A module counts when it is run, not when a build copies it. The package's data always counts: another process may have
    read it before it was forked into this one.
    """
    seen: set[str] = set()

    def tell(event: str, path: str) -> None:
        found = IN_PACKAGE.search(path)
        if found and found["name"] not in seen and (event in ("exec", "note") or not path.endswith(".py")):
            seen.add(found["name"])
            # One short write to the end of the file: several processes may do this at once.
            with open(file, "a", encoding="utf-8") as out:  # noqa: PTH123 (see above)
                out.write(f"{found['name']}\n")

    _install()
    _TELL[:] = [tell]
    note(*loaded(), *(PACKAGE / name for name in package_files() if not name.endswith(".py")))


def loaded() -> list[Path]:
    """Return the files of this package's modules that this process has imported, or runs as its main one."""
    files = (getattr(module, "__file__", None) for name, module in sys.modules.items() if name.partition(".")[0] in (PACKAGE.name, "__main__"))
    return sorted({PACKAGE / "__main__.py", *(Path(file) for file in files if file and Path(file).is_relative_to(PACKAGE))})


def names_in(file: Path) -> set[str]:
    """Return the package's files that processes have added to FILE, as paths within the package; folders are left out."""
    try:
        names = set(file.read_text(encoding="utf-8").split("\n"))
    except OSError:
        return set()
    return {name for name in names if name and (PACKAGE / name).is_file()}


def digests(root: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the digest of each of NAMES, paths below ROOT: a file's content, a folder's list of names, or that it is absent."""
    return {name: digest_of(root / name) for name in sorted(names)}


def digest_of(path: Path) -> str:
    """Return the digest of what PATH is now; what cannot be read counts as absent."""
    try:
        if path.is_dir():
            return _hashed("\n".join(sorted(os.listdir(path))).encode())  # noqa: PTH208 (names are enough)
        stat = path.stat()
        return _file_digest(path, stat.st_size, stat.st_mtime_ns)
    except OSError:
        return ABSENT


@lru_cache(maxsize=4096)
def _file_digest(path: Path, *_stamp: int) -> str:
    """Return the digest of a file; it is read again only when it was touched."""
    return _hashed(path.read_bytes())


def _hashed(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def package_files() -> list[str]:
    """Return the names of all files of this package that code can use, as paths within it; the copy of the pages is left out."""
    names = (path.relative_to(PACKAGE) for path in PACKAGE.rglob("*") if path.suffix in SOURCES)
    return sorted(name.as_posix() for name in names if "guide" not in name.parts)
