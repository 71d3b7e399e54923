"""Whether a file is a whole archive that holds what an sdist or a wheel holds. Nothing is unpacked."""

from __future__ import annotations

import configparser
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from packaging.metadata import Metadata

from pypi_runbook.rules.catalogue import refuse

RATIO_FROM = 64 * 1024 * 1024
RATIO_LIMIT = 50
TOP_LEVEL = "Incorrect number of top-level directories in sdist"


def check_archive(path: Path, filename: str) -> None:
    """Raise when PATH, uploaded as FILENAME, is not a readable archive with PKG-INFO or WHEEL where it belongs."""
    is_zip = zipfile.is_zipfile(path)
    if is_zip and _is_tar(path):
        raise refuse("archive", error="File is both a zip and a tar file")
    try:
        problem = _tar_problem(path) if filename.endswith(".tar.gz") else _zip_problem(path, filename) if is_zip else "File is not a zipfile"
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, NotImplementedError, OSError):
        problem = "None"
    if problem:
        raise refuse("archive", error=problem)


def check_wheel_contents(path: Path, filename: str, metadata: Metadata) -> bytes:
    """Return a wheel's METADATA; raise when a license file, RECORD or METADATA is missing, or an entry point is not valid."""
    name, version, _ = filename.split("-", 2)
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path) as wheel:
        members = set(wheel.namelist())
        _check_licenses(metadata, filename, f"{info}/licenses", members)
        if f"{info}/RECORD" not in members:
            raise refuse("wheel-record", filename=filename, path=f"{info}/RECORD")
        if f"{info}/entry_points.txt" in members and not _are_entry_points(wheel.read(f"{info}/entry_points.txt")):
            raise refuse("wheel-entry-points", filename=filename)
        if f"{info}/METADATA" not in members:
            raise refuse("wheel-metadata", filename=filename, path=f"{info}/METADATA")
        return wheel.read(f"{info}/METADATA")


def check_sdist_contents(path: Path, filename: str, metadata: Metadata) -> None:
    """Raise when the sdist lacks a license file that its metadata names."""
    if metadata.license_files:
        with tarfile.open(path, "r:gz") as sdist:
            names = sdist.getnames()
            _check_licenses(metadata, filename, _top(names), set(names))


def _check_licenses(metadata: Metadata, filename: str, folder: str, members: set[str]) -> None:
    for name in metadata.license_files or ():
        target = os.path.join(folder, name)  # noqa: PTH118 (a path inside the archive)
        if target not in members:
            raise refuse("license-file", license_file=name, filename=filename, path=target)


def _is_tar(path: Path) -> bool:
    with suppress(EOFError, zlib.error, OSError):
        return tarfile.is_tarfile(path)
    return False


def _zip_problem(path: Path, filename: str) -> str:
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        size = sum(entry.file_size for entry in entries)
        if size > RATIO_FROM and size / path.stat().st_size > RATIO_LIMIT:
            return f"File exceeds compression ratio of {RATIO_LIMIT}"
        if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
            return "File does not use a supported compression type"
        members = set(archive.namelist())
    return _wheel_problem(filename, members) if filename.endswith(".whl") else _sdist_problem(members)


def _tar_problem(path: Path) -> str:
    if not _is_tar(path):
        return "File is not a tarfile"
    with tarfile.open(path, "r:gz") as archive:
        members = archive.getmembers()
        if any(member.issparse() for member in members):
            return "tar archive not accepted: Sparse members are not allowed. See https://docs.pypi.org/archives for more information"
        return _sdist_problem({member.name for member in members})


def _wheel_problem(filename: str, members: set[str]) -> str:
    parts = filename.split("-", 2)
    if len(parts) < 3:
        return "Unable to parse name and version from wheel filename"
    target = f"{parts[0]}-{parts[1]}.dist-info/WHEEL"
    return "" if target in members else f"WHEEL not found at {target}"


def _sdist_problem(members: set[str]) -> str:
    top = _top(members)
    if top in (".", "/", ""):
        return TOP_LEVEL
    return "" if f"{top}/PKG-INFO" in members else f"PKG-INFO not found at {top}/PKG-INFO"


def _top(names: Iterable[str]) -> str:
    try:
        return os.path.commonpath(names)
    except ValueError:
        return ""


def _are_entry_points(content: bytes) -> bool:
    """Tell whether an entry_points.txt can be read, and no script's name is a path."""
    parser = configparser.ConfigParser(delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        parser.read_string(content.decode("utf-8"))
    except (configparser.Error, UnicodeDecodeError):
        return False
    scripts = [name for section in ("console_scripts", "gui_scripts") if section in parser for name in parser[section]]
    return not any(name in (".", "..") or "/" in name or "\\" in name for name in scripts)
