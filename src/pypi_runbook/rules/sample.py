"""Small distributions that PyPI takes, and the same ones with one thing wrong: what the rules are tried on."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

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
    filename: str | None = None,
    files: Mapping[str, str] | None = None,
    without: Iterable[str] = (),
) -> Path:
    """Write a wheel into FOLDER and return it.

    headers: metadata beside name, version and summary; a header given here replaces the sample's own.
    tag, filename: of the wheel. files: more members, or other contents for `module.py`, `METADATA`, `WHEEL`, `RECORD`.
    without: members to leave out.
    """
    stem = f"{_escaped(name)}-{version}"
    members = {f"{_escaped(name)}.py": "", "METADATA": metadata(name, version, headers), "WHEEL": f"Wheel-Version: 1.0\nTag: {tag}\n", "RECORD": ""}
    members |= files or {}
    path = folder / (filename or f"{stem}-{tag}.whl")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for member, content in members.items():
            if member not in set(without):
                place = f"{stem}.dist-info/{member}" if "." not in member or member == "entry_points.txt" else member
                wheel.writestr(zipfile.ZipInfo(place, EPOCH), content)
    return path


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
    stem = f"{_escaped(name)}-{version}"
    members = {"PKG-INFO": metadata(name, version, headers), "pyproject.toml": "", **(files or {})}
    path = folder / (filename or f"{stem}.tar.gz")
    with tarfile.open(path, "w:gz") as sdist:
        for member, content in members.items():
            if member not in set(without):
                entry = tarfile.TarInfo(f"{stem}/{member}")
                entry.size = len(content.encode())
                sdist.addfile(entry, io.BytesIO(content.encode()))
    return path


def metadata(name: str, version: str, headers: Headers = ()) -> str:
    """Return core metadata with HEADERS; one called `Description` becomes the body."""
    own = {"Metadata-Version": "2.4", "Name": name, "Version": version, "Summary": "A sample"}
    given = list(headers)
    lines = [(field, value) for field, value in own.items() if field not in dict(given)] + given
    body = "".join(value for field, value in lines if field == "Description")
    return "".join(f"{field}: {value}\n" for field, value in lines if field != "Description") + f"\n{body}"


def _escaped(name: str) -> str:
    return canonicalize_name(name).replace("-", "_")
