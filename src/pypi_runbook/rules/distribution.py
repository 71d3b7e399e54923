"""The rules applied to a built file on this machine: what PyPI would say of it, whoever uploads it.

Permissions, duplicates and sizes of a project depend on the index and are not asked here.
"""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.metadata import RawMetadata, parse_email

from pypi_runbook.rules.archives import BROKEN, check_archive, check_sdist_contents, check_wheel_contents
from pypi_runbook.rules.catalogue import refuse
from pypi_runbook.rules.description import check_description
from pypi_runbook.rules.filenames import check_filename, check_length, check_sdist_name, check_wheel_name
from pypi_runbook.rules.form import Form, check_form
from pypi_runbook.rules.metadata import SINGULAR, check_metadata
from pypi_runbook.rules.names import check_new_name

PLURAL = {plural: singular for singular, plural in SINGULAR.items()}


def check_distribution(path: Path, *, new_project: bool = False) -> None:
    """Raise the first reason for which PyPI refuses the file at PATH, in its order of checks; also its name if NEW_PROJECT."""
    content = read_metadata(path)
    form = form_of(path, content)
    check_form(form)
    metadata = check_metadata(form)
    if new_project:
        check_new_name(metadata.name, ())
    check_description(metadata)
    check_filename(path.name, form.get("filetype"))
    check_archive(path, path.name)
    if form.get("filetype") == "sdist":
        check_sdist_name(path.name, metadata, metadata.name)
        check_sdist_contents(path, path.name, metadata)
    else:
        check_wheel_name(path.name, metadata, metadata.name)
        check_wheel_contents(path, path.name, metadata)
    check_length(path.name)


def form_of(path: Path, content: bytes) -> Form:
    """Return the form that a client sends for the file at PATH, whose metadata is CONTENT."""
    kind = _filetype(path)
    fields = [(":action", "file_upload"), ("protocol_version", "1"), ("filetype", kind), ("pyversion", "source" if kind == "sdist" else "py3")]
    fields.append(("sha256_digest", hashlib.sha256(path.read_bytes()).hexdigest()))
    # Read as text first: packaging keeps bytes that are not UTF-8 as they are, and a form has only text.
    raw, unread = parse_email(content.decode("utf-8", "replace"))
    return Form(fields + list(_fields(raw)) + [(_form_name(name), value) for name, values in unread.items() for value in values])


def read_metadata(path: Path) -> bytes:
    """Return METADATA or PKG-INFO of the distribution at PATH; raise the rule for archives when there is none to be read."""
    try:
        found = _from_wheel(path) if path.suffix == ".whl" else _from_sdist(path)
    except BROKEN:
        found = None
    if found is None:
        # No client can fill in its form without metadata: what PyPI would say of the file alone.
        check_filename(path.name, _filetype(path))
        check_archive(path, path.name)
        info = "-".join(path.name.split("-", 2)[:2]) + ".dist-info"
        raise refuse("wheel-metadata", filename=path.name, path=f"{info}/METADATA") if path.suffix == ".whl" else refuse("archive-broken")
    return found


def _filetype(path: Path) -> str:
    return "bdist_wheel" if path.suffix == ".whl" else "sdist"


def _from_wheel(path: Path) -> bytes | None:
    with zipfile.ZipFile(path) as wheel:
        name = next((name for name in wheel.namelist() if name.endswith(".dist-info/METADATA") and name.count("/") == 1), None)
        return wheel.read(name) if name else None


def _from_sdist(path: Path) -> bytes | None:
    with tarfile.open(path) as sdist:
        for member in sdist:
            if member.name.count("/") == 1 and member.name.endswith("/PKG-INFO") and (file := sdist.extractfile(member)):
                return file.read()
    return None


def _fields(raw: RawMetadata) -> Iterator[tuple[str, str]]:
    values: dict[str, Any] = dict(raw)
    for name, value in values.items():
        if name == "keywords":
            yield name, ",".join(value)
        elif name == "project_urls":
            yield from ((name, f"{label}, {url}") for label, url in value.items())
        else:
            yield from ((PLURAL.get(name, name), text) for text in ([value] if isinstance(value, str) else value))


def _form_name(header: str) -> str:
    name = header.lower().replace("-", "_")
    return {"classifier": "classifiers", "project_url": "project_urls"}.get(name, name)
