"""For each rule that a built file alone can break: a distribution that is right but for this one thing."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from pypi_runbook.rules.rawzip import Member, archive, end64
from pypi_runbook.rules.sample import EPOCH, escaped, make_sdist, make_wheel, metadata, wheel_members, write_tar

NAME = "sample-project"
# Writes the file into a folder, as the first release of a project of that name.
Make = Callable[[Path, str], Path]


def write_faulty(rule: str, folder: Path, name: str = NAME) -> Path:
    """Write the distribution that breaks RULE alone into FOLDER and return it; a KeyError when no file alone can break it."""
    return FAULTY[rule](folder, name)


def write_right(rule: str, folder: Path, name: str = NAME) -> Path:
    """Write the same kind of distribution without the fault of RULE."""
    return (make_sdist if rule in SDISTS else make_wheel)(folder, name)


def _wheel(*headers: tuple[str, str], files: Mapping[str, str] | None = None, without: tuple[str, ...] = (), tag: str = "py3-none-any") -> Make:
    return lambda folder, name: make_wheel(folder, name, headers=headers, files=files, without=without, tag=tag)


def _named(project: str) -> Make:
    return lambda folder, _: make_wheel(folder, project)


def _raw(change: Callable[[list[Member]], bytes]) -> Make:
    """Return what writes the sample wheel with the archive that CHANGE makes of its members."""

    def make(folder: Path, name: str) -> Path:
        stem = f"{escaped(name)}-1.0"
        path = folder / f"{stem}-py3-none-any.whl"
        path.write_bytes(change([Member(place.encode(), text.encode()) for place, text in wheel_members(name, "1.0", stem).items()]))
        return path

    return make


def _with(member: Member) -> Make:
    return _raw(lambda members: archive([*members, member]))


def _said(records: int, size: int, place: int) -> Make:
    """Return what writes a wheel whose ZIP64 end record, which only one kind of reader sees, is so far from the truth."""

    def change(members: list[Member]) -> bytes:
        directory = sum(len(member.listed(0)) for member in members)
        length = len(end64(0, 0, 0)) + sum(len(member.local()) for member in members)
        return archive(members, before=end64(len(members) + records, directory + size, length + place))

    return _raw(change)


def _zip_and_tar(folder: Path, name: str) -> Path:
    head = io.BytesIO()
    with tarfile.open(fileobj=head, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("member"))
    return _raw(lambda members: archive(members, before=head.getvalue()))(folder, name)


def _not_zip(folder: Path, name: str) -> Path:
    return make_sdist(folder, name).rename(folder / f"{escaped(name)}-1.0-py3-none-any.whl")


def _not_tar(folder: Path, name: str) -> Path:
    return make_wheel(folder, name).rename(folder / f"{escaped(name)}-1.0.tar.gz")


def _bomb(folder: Path, name: str) -> Path:
    path = make_wheel(folder, name)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(zipfile.ZipInfo("zeros.dat", EPOCH), bytes(65 * 1024 * 1024), zipfile.ZIP_DEFLATED)
    return path


def _lzma(folder: Path, name: str) -> Path:
    path = make_wheel(folder, name)
    with zipfile.ZipFile(path, "a") as wheel:
        wheel.writestr(zipfile.ZipInfo("more.dat", EPOCH), "more", zipfile.ZIP_LZMA)
    return path


def _cut(folder: Path, name: str) -> Path:
    path = make_sdist(folder, name, files={"noise.txt": "".join(hashlib.sha256(bytes([n])).hexdigest() for n in range(256))})
    # Digests hardly compress, so the first members are still whole.
    path.write_bytes(path.read_bytes()[:8_000])
    return path


def _sparse(folder: Path, name: str) -> Path:
    entry = tarfile.TarInfo(f"{escaped(name)}-1.0/sparse.dat")
    entry.pax_headers = {"GNU.sparse.size": "4", "GNU.sparse.map": "0,4"}
    return _sdist_with(folder, name, entry)


def _two_folders(folder: Path, name: str) -> Path:
    return _sdist_with(folder, name, tarfile.TarInfo("other/file"))


def _sdist_with(folder: Path, name: str, entry: tarfile.TarInfo) -> Path:
    stem = f"{escaped(name)}-1.0"
    info = (tarfile.TarInfo(f"{stem}/PKG-INFO"), metadata(name, "1.0").encode())
    return write_tar(folder / f"{stem}.tar.gz", [info, (entry, b"data")])


def _long_name(folder: Path, name: str) -> Path:
    return make_wheel(folder, f"{name}-" + "x" * (229 - len(name)))


def _wheel_called(stem: str, end: str = "-py3-none-any.whl") -> Make:
    """Return what writes a wheel whose name starts with STEM, with {name} in it, and ends with END."""
    return lambda folder, name: make_wheel(folder, name, stem=stem.format(name=escaped(name)), filename=stem.format(name=escaped(name)) + end)


RST = ("Description-Content-Type", "text/x-rst")
BROKEN_RST = ("Description", "Title\n=\n\n.. nope::\n")
LICENSE = ("License-Expression", "MIT")
METADATA: dict[str, Make] = {
    "name-field": _wheel(("Name", "sample-")),
    "field-data": _wheel(("Summary", "A sample"), ("Summary", "Another sample")),
    "metadata-version": _wheel(("Metadata-Version", "2.9")),
    "version-missing": lambda folder, name: make_wheel(folder, name, files={"METADATA": metadata(name, "1.0").replace("Version: 1.0\n", "")}),
    "version-invalid": _wheel(("Version", "1.0.x")),
    "field-too-new": _wheel(("Metadata-Version", "2.3"), LICENSE),
    "content-type-malformed": _wheel(("Description-Content-Type", "text/plain; charset")),
    "content-type-unreadable": _wheel(("Description-Content-Type", "text/plain; x*")),
    "content-type-unknown": _wheel(("Description-Content-Type", "text/html")),
    "content-type-charset": _wheel(("Description-Content-Type", "text/markdown; charset=latin-1")),
    "content-type-variant": _wheel(("Description-Content-Type", "text/markdown; variant=Pandoc")),
    "dynamic-forbidden": _wheel(("Dynamic", "Name")),
    "dynamic-unknown": _wheel(("Dynamic", "Colour")),
    "import-name": _wheel(("Metadata-Version", "2.5"), ("Import-Name", "1x")),
    "license-expression": _wheel(("License-Expression", "Apache 2.0")),
    "license-file-path": _wheel(("License-File", "../LICENSE")),
    "provides-extra": _wheel(("Provides-Extra", "two words")),
    "requires-dist": _wheel(("Requires-Dist", "other !! 1.0")),
    "requires-python": _wheel(("Requires-Python", "three")),
    "summary-lines": _wheel(("Summary", "A sample\n  of two lines")),
    "local-version": lambda folder, name: make_wheel(folder, name, version="1.0+abc"),
    "email": _wheel(("Author-email", "A Person <person>")),
    "classifier-unknown": _wheel(("Classifier", "Private :: Do Not Upload")),
    "classifier-replaced": _wheel(("Classifier", "Natural Language :: Ukranian")),
    "classifier-deprecated": _wheel(("Classifier", "Topic :: Communications :: Chat :: AOL Instant Messenger")),
    "dynamic-unlisted": _wheel(("Dynamic", "Dynamic")),
    "license-twice": _wheel(("License", "MIT"), LICENSE),
    "label-missing": _wheel(("Project-URL", ", https://example.org")),
    "label-length": _wheel(("Project-URL", f"{'x' * 33}, https://example.org")),
    "url-missing": _wheel(("Project-URL", "Home,")),
    "url": _wheel(("Project-URL", "Home, example.org")),
    "old-requirement": _wheel(("Provides-Dist", "other !! 1.0")),
    "direct-dependency": _wheel(("Requires-Dist", "other @ git+https://example.org/other")),
    "summary-length": _wheel(("Summary", "x" * 513)),
    "name-standard-library": _named("asyncio"),
    "name-prohibited": _named("requirements.txt"),
    "description-content-type": _wheel(RST, BROKEN_RST),
    "description": _wheel(BROKEN_RST),
}
# What the reader of records must not find, each in a member that no installer needs.
EXTRA = Member(b"extra.dat", b"data")
ZIP64_EMPTY = b"\x01\x00\x00\x00"
FRAMES: dict[str, Make] = {
    "zip-malformed": _with(Member(b"extra.dat", extra=b"\x00")),
    "zip-filename-characters": _with(Member(b"ex\x01tra.dat")),
    "zip-duplicate-extra": _with(Member(b"extra.dat", extra=ZIP64_EMPTY * 2)),
    "zip-unicode-path": _with(Member(b"extra.dat", extra=b"\x75\x70\x06\x00\x01\x00\x00\x00\x00\xff")),
    "zip-data-descriptor": _with(Member(b"extra.dat", b"data", flags=0x08)),
    "zip-data-size": _with(Member(b"extra.dat", b"data", compressed=3)),
    "zip-file-size": _with(Member(b"extra.dat", b"data", size=3)),
    "zip-not-unicode": _with(Member(b"\xff.dat")),
    "zip-not-in-directory": _raw(lambda members: archive(members, hidden=(EXTRA,))),
    "zip-duplicate-local": _raw(lambda members: archive([*members, EXTRA], hidden=(EXTRA,))),
    "zip-comment": _with(Member(b"extra.dat", comment=b"hello")),
    "zip-duplicate-directory": _raw(lambda members: archive([EXTRA, *members], listed=(EXTRA,))),
    "zip-missing-local": _raw(lambda members: archive([EXTRA, *members], listed=(Member(b"ghost.dat", b"data"),))),
    "zip-extensible": _raw(lambda members: archive(members, before=end64(0, 0, 0, more=b"more"))),
    "zip-directory-records": _said(1, 0, 0),
    "zip-directory-offset": _said(0, 0, 1),
    "zip-directory-size": _said(0, 1, 0),
    "zip-signature": _raw(lambda members: archive(members, before=b"#!/bin/sh\n")),
    "zip-trailing": _raw(lambda members: archive(members, after=b"more")),
}
ARCHIVES: dict[str, Make] = {
    "archive-both": _zip_and_tar,
    "archive-not-zip": _not_zip,
    "archive-ratio": _bomb,
    "archive-compression": _lzma,
    "wheel-parts": _wheel_called("{name}-1.0", ".whl"),
    "wheel-file": _wheel(without=("WHEEL",)),
}
SDISTS: dict[str, Make] = {
    "archive-not-tar": _not_tar,
    "tar-sparse": _sparse,
    "sdist-top-level": _two_folders,
    "sdist-pkg-info": lambda folder, name: make_sdist(folder, name, without=("PKG-INFO",)),
    "archive-broken": _cut,
    "sdist-filename": lambda folder, name: make_sdist(folder, name, filename=f"{escaped(name)}.tar.gz"),
    "sdist-normalized": lambda folder, name: make_sdist(folder, name, filename=f"{name}-1.0.tar.gz"),
    "extension": lambda folder, name: make_sdist(folder, name, filename=f"{escaped(name)}-1.0.tar.bz2"),
}
NAMES: dict[str, Make] = {
    "wheel-filename-parts": _wheel_called("{name}-1.0", "-py3.whl"),
    "wheel-filename-name": _wheel_called("_{name}__-1.0"),
    "wheel-filename-version": _wheel_called("{name}-1.0_x"),
    "wheel-filename-build": _wheel_called("{name}-1.0", "-x1-py3-none-any.whl"),
    "wheel-filename-tag": _wheel_called("{name}-1.0", "-py3.-none-any.whl"),
    "platform-tag": _wheel(tag="cp311-cp311-linux_x86_64"),
    "filename-start": lambda folder, name: make_wheel(folder, name, headers=[("Name", f"{name}-other")]),
    "wheel-name": lambda folder, name: make_wheel(folder, name, stem=f"{escaped(name).title()}-1.0"),
    "wheel-version": _wheel(("Version", "2.0")),
    "license-file": _wheel(("License-File", "LICENSE")),
    "wheel-record": _wheel(without=("RECORD",)),
    "wheel-entry-points": _wheel(files={"entry_points.txt": "[console_scripts]\nrun it = module:main\n"}),
    "wheel-metadata": _wheel(without=("METADATA",)),
    "filename-length": _long_name,
}
FAULTY = {**METADATA, **ARCHIVES, **FRAMES, **SDISTS, **NAMES}
