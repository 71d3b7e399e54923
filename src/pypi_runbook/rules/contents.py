"""What lies inside built files and in a commit, each file by its path and by git's own name for its bytes."""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from pypi_runbook.errors import RunbookError
from pypi_runbook.project.git import git
from pypi_runbook.rules.archives import BROKEN

PAGE = "publishing/manual.md"
# What backends write anew in an sdist, and what version tools write into a tracked file on purpose.
GENERATED = ("PKG-INFO", "setup.cfg", "_version.py")
LFS = b"version https://git-lfs.github.com/spec/"


def members(path: Path, shown: str) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of each regular file in the wheel or sdist at PATH; an sdist's paths without its one top folder.

    RunbookError `unreadable-archive`, with the name SHOWN, when the archive is damaged.
    """
    is_wheel = path.suffix == ".whl"
    try:
        yield from _zipped(path) if is_wheel else _tarred(path)
    except BROKEN as error:
        message = f"this file cannot be read as {'a wheel' if is_wheel else 'an sdist'}: {error}"
        raise RunbookError("unreadable-archive", message, shown, None, "build again", PAGE, status=1) from error


def _zipped(path: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                yield info.filename, archive.read(info)


def _tarred(path: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile() and (stream := archive.extractfile(member)):
                yield member.name.partition("/")[2] or member.name, stream.read()


def blob(content: bytes, like: str = "") -> str:
    """Return git's name for a file with CONTENT, in the object format of which LIKE is another name."""
    name = hashlib.sha256 if len(like) == 64 else hashlib.sha1
    return name(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def committed(folder: Path, commit: str) -> dict[str, str]:
    """Return the files that COMMIT holds of the project in FOLDER: git's name for the bytes by path; no links and no submodules."""
    listed = git(folder, "ls-tree", "-r", "-z", commit)
    if listed is None:
        advice = f"run `git ls-tree {commit}` by hand, to see what git says"
        raise RunbookError("git-failed", f"git could not list the files of the commit {commit[:12]}", next=advice, page=PAGE)
    found = {}
    for entry in filter(None, listed.split("\0")):
        description, path = entry.split("\t", 1)
        mode, _, name = description.split(" ")
        if mode.startswith("100"):
            found[path] = name
    return found


def altered(folder: Path, sdist: Mapping[str, bytes], tracked: Mapping[str, str]) -> list[str]:
    """Return the paths of SDIST, bytes by path, that TRACKED holds with other bytes; line ends and large-file pointers do not count."""
    suspects = [path for path, content in sdist.items() if path in tracked and blob(content, tracked[path]) != tracked[path]]
    return [path for path in suspects if path.rpartition("/")[2] not in GENERATED and not _equivalent(folder, sdist[path], tracked[path])]


def _equivalent(folder: Path, content: bytes, name: str) -> bool:
    done = subprocess.run(["git", "-C", str(folder), "cat-file", "blob", name], capture_output=True, check=False)
    stored = done.stdout
    return stored.startswith(LFS) or stored.replace(b"\r\n", b"\n") == content.replace(b"\r\n", b"\n")
