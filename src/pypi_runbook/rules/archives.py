"""Whether a file is a whole archive that holds what an sdist or a wheel holds. Nothing is unpacked."""

from __future__ import annotations

import configparser
import csv
import os
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path, PurePosixPath

from packaging.metadata import Metadata

from pypi_runbook.rules.catalogue import refuse
from pypi_runbook.rules.framing import check_framing

RATIO_FROM = 64 * 1024 * 1024
RATIO_LIMIT = 50
# PyPI looks into these for what it does not allow; here they must only be readable.
SCANNED = {".py", ".pye"}
CHUNK = 1024 * 1024
SCRIPT = re.compile(r"[\w.-]+")
BROKEN = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, NotImplementedError, RuntimeError, OSError)


def check_archive(path: Path, filename: str) -> None:
    """Raise when PATH, uploaded as FILENAME, is not a readable archive with PKG-INFO or WHEEL where it belongs."""
    is_zip, is_tar = zipfile.is_zipfile(path), _is_tar(path)
    if is_zip and is_tar:
        raise refuse("archive-both")
    if filename.endswith(".tar.gz"):
        if not is_tar:
            raise refuse("archive-not-tar")
    elif not is_zip:
        raise refuse("archive-not-zip")
    try:
        _check_tar(path) if is_tar else _check_zip(path, filename)
    except BROKEN:
        raise refuse("archive-broken") from None


def check_wheel_contents(path: Path, filename: str, metadata: Metadata) -> bytes:
    """Return a wheel's METADATA; raise when a license file, RECORD or METADATA is missing, or an entry point is not valid."""
    name, version, _ = filename.split("-", 2)
    info = f"{name}-{version}.dist-info"
    try:
        with zipfile.ZipFile(path) as wheel:
            members = set(wheel.namelist())
            _check_licenses(metadata, filename, f"{info}/licenses", members)
            if f"{info}/RECORD" not in members or not _is_record(wheel.read(f"{info}/RECORD")):
                raise refuse("wheel-record", filename=filename, path=f"{info}/RECORD")
            if f"{info}/entry_points.txt" in members and not _are_entry_points(wheel.read(f"{info}/entry_points.txt")):
                raise refuse("wheel-entry-points", filename=filename)
            if f"{info}/METADATA" not in members:
                raise refuse("wheel-metadata", filename=filename, path=f"{info}/METADATA")
            return wheel.read(f"{info}/METADATA")
    except BROKEN:
        raise refuse("archive-broken") from None


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


def _check_zip(path: Path, filename: str) -> None:
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        size = sum(entry.file_size for entry in entries)
        if size > RATIO_FROM and size / path.stat().st_size > RATIO_LIMIT:
            raise refuse("archive-ratio")
        if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
            raise refuse("archive-compression")
        members = set(archive.namelist())
        archive.read(_wheel_file(filename, members) if filename.endswith(".whl") else _package_info(members))
        for entry in entries:
            if PurePosixPath(entry.filename).suffix.lower() in SCANNED:
                _read_through(archive, entry)
    check_framing(path)


def _read_through(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    with archive.open(entry) as member:
        while member.read(CHUNK):
            pass


def _check_tar(path: Path) -> None:
    with tarfile.open(path, "r:gz") as archive:
        members = archive.getmembers()
    if any(member.issparse() for member in members):
        raise refuse("tar-sparse")
    _package_info({member.name for member in members})


def _wheel_file(filename: str, members: set[str]) -> str:
    parts = filename.split("-", 2)
    if len(parts) < 3:
        raise refuse("wheel-parts")
    target = f"{parts[0]}-{parts[1]}.dist-info/WHEEL"
    if target not in members:
        raise refuse("wheel-file", path=target)
    return target


def _package_info(members: set[str]) -> str:
    top = _top(members)
    if top in (".", "/", ""):
        raise refuse("sdist-top-level")
    if f"{top}/PKG-INFO" not in members:
        raise refuse("sdist-pkg-info", path=f"{top}/PKG-INFO")
    return f"{top}/PKG-INFO"


def _top(names: Iterable[str]) -> str:
    try:
        return os.path.commonpath(names)
    except ValueError:
        return ""


def _is_record(content: bytes) -> bool:
    """Tell whether RECORD is a table; that it lists what the wheel holds is not asked, PyPI only writes a mail then."""
    try:
        list(csv.reader(content.decode().splitlines()))
    except (UnicodeError, csv.Error):
        return False
    return True


def _are_entry_points(content: bytes) -> bool:
    """Tell whether an entry_points.txt can be read, and each script's name is one that every system can have."""
    scripts = read_scripts(content)
    return scripts is not None and all(SCRIPT.fullmatch(name) for names in scripts.values() for name in names)


def read_scripts(content: bytes) -> dict[str, list[str]] | None:
    """Return the names of the scripts that an entry_points.txt lists, by section; None when it cannot be read."""
    parser = configparser.ConfigParser(delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # configparser documents this assignment
    try:
        parser.read_string(content.decode("utf-8"))
    except (configparser.Error, UnicodeDecodeError):
        return None
    return {section: list(parser[section]) for section in ("console_scripts", "gui_scripts") if section in parser}
