"""Small distributions that PyPI takes, and the same ones with one thing wrong: what the rules are tried on."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name

Headers = Iterable[tuple[str, str]]
# The first moment that a zip archive can tell.
EPOCH = (1980, 1, 1, 0, 0, 0)


def make_wheel(
    folder: Path,
    name: str = "sample-project",
    version: str = "1.0",
    *,
    headers: Headers = (),
    tag: str = "py3-none-any",
    stem: str | None = None,
    filename: str | None = None,
    files: Mapping[str, str] | None = None,
    without: Iterable[str] = (),
) -> Path:
    """Write a wheel into FOLDER and return it.

    headers: metadata beside name, version and summary; a header given here replaces the sample's own.
    tag: of the wheel. stem: what the names of the file and of its dist-info folder start with, the normalized name and the version unless given.
    filename: the file's whole name. files: more members, or other contents for `module.py`, `METADATA`, `WHEEL`, `RECORD`.
    without: members to leave out.
    """
    stem = stem or f"{escaped(name)}-{version}"
    path = folder / (filename or f"{stem}-{tag}.whl")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for place, content in wheel_members(name, version, stem, headers, files).items():
            if PurePosixPath(place).name not in set(without):
                wheel.writestr(zipfile.ZipInfo(place, EPOCH), content)
    return path


def wheel_members(name: str, version: str, stem: str, headers: Headers = (), files: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what the sample wheel holds, by place; the arguments are those of `make_wheel`."""
    members = {
        f"{escaped(name)}.py": "",
        "METADATA": metadata(name, version, headers),
        "WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
        "RECORD": "",
    }
    members |= files or {}
    info = f"{stem}.dist-info"
    return {f"{info}/{member}" if "." not in member or member == "entry_points.txt" else member: text for member, text in members.items()}


def make_sdist(
    folder: Path,
    name: str = "sample-project",
    version: str = "1.0",
    *,
    headers: Headers = (),
    filename: str | None = None,
    files: Mapping[str, str] | None = None,
    without: Iterable[str] = (),
) -> Path:
    """Write an sdist into FOLDER and return it; the arguments are those of `make_wheel`."""
    stem = f"{escaped(name)}-{version}"
    members = {"PKG-INFO": metadata(name, version, headers), "pyproject.toml": "", **(files or {})}
    entries = [(tarfile.TarInfo(f"{stem}/{member}"), content.encode()) for member, content in members.items() if member not in set(without)]
    return write_tar(folder / (filename or f"{stem}.tar.gz"), entries)


def write_tar(path: Path, entries: Iterable[tuple[tarfile.TarInfo, bytes]]) -> Path:
    """Write the ENTRIES with their contents to PATH, compressed with gzip, and return it."""
    # No time of day in it: the same sample has the same bytes.
    with path.open("wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        for entry, content in entries:
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def metadata(name: str, version: str, headers: Headers = ()) -> str:
    """Return core metadata with HEADERS; one called `Description` becomes the body, and then its type is only what HEADERS say."""
    given = list(headers)
    own = {"Metadata-Version": "2.4", "Name": name, "Version": version, "Summary": "A sample"}
    if "Description" not in dict(given):
        own |= {"Description-Content-Type": "text/plain", "Description": "A sample.\n"}
    lines = [(field, value) for field, value in own.items() if field not in dict(given)] + given
    body = "".join(value for field, value in lines if field == "Description")
    return "".join(f"{field}: {value}\n" for field, value in lines if field != "Description") + f"\n{body}"


def escaped(name: str) -> str:
    """Return NAME as it stands in the names of files."""
    return canonicalize_name(name).replace("-", "_")
