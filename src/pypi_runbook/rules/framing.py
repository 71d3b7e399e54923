"""The frame of a zip archive, read as PyPI reads it: record by record from the start, held against what the directory says.

A reader that streams and one that starts at the directory must see the same members; PyPI refuses what could tell them apart.
The layout of the records is that of PKWARE's APPNOTE.TXT, sections 4.3.7 to 4.3.16.
"""

from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from pypi_runbook.rules.catalogue import refuse

HAS_DESCRIPTOR = 0x08
STORED = 0
UNKNOWN_SIZE = 0xFFFFFFFF
ZIP64, UNICODE_PATH = 0x0001, 0x7075
END64_SIZE = 44


def check_framing(path: Path) -> None:
    """Raise the first thing in the zip archive at PATH that PyPI's reader of records does not take."""
    with zipfile.ZipFile(path) as archive:
        sizes = {entry.orig_filename: (entry.compress_size, entry.file_size) for entry in archive.filelist}
    with path.open("rb") as file:
        reader = _Reader(file, sizes)
        while not reader.is_done:
            reader.read_record()
        # A comment may say that it goes on beyond the end, which counts as well.
        if file.tell() != path.stat().st_size:
            raise refuse("zip-trailing")


class _Reader:
    def __init__(self, file: IO[bytes], sizes: dict[str, tuple[int, int]]) -> None:
        self.is_done = False
        self._file = file
        self._sizes = sizes
        self._local: set[bytes] = set()
        self._listed: set[bytes] = set()
        self._directory_at: int | None = None
        self._directory_size = 0
        # What the end record says: members, the directory's size and place.
        self._said: tuple[int, int, int] | None = None
        self._has_end64 = self._has_locator = False
        self._records: dict[bytes, Callable[[], None]] = {
            b"PK\x03\x04": self._read_local,
            b"PK\x01\x02": self._read_listed,
            b"PK\x06\x06": self._read_end64,
            b"PK\x06\x07": self._read_locator,
            b"PK\x05\x06": self._read_end,
        }

    def read_record(self) -> None:
        read = self._records.get(self._take(4))
        if read is None:
            raise refuse("zip-signature")
        read()

    def _take(self, count: int) -> bytes:
        data = self._file.read(count)
        if len(data) != count:
            raise refuse("zip-malformed")
        return data

    def _read_local(self) -> None:
        flags, method, compressed, size, name_size, extra_size = struct.unpack("<2xHH8xLLHH", self._take(26))
        name, extra = self._take(name_size), self._take(extra_size)
        _check_characters(name)
        compressed, size = _sizes_in(extra, method, compressed, size)
        if flags & HAS_DESCRIPTOR:
            raise refuse("zip-data-descriptor")
        self._compare(name, compressed, size)
        self._file.seek(compressed, os.SEEK_CUR)
        if name in self._local:
            raise refuse("zip-duplicate-local")
        self._local.add(name)

    def _compare(self, name: bytes, compressed: int, size: int) -> None:
        try:
            listed = self._sizes.get(name.decode("utf-8"))
        except UnicodeError:
            raise refuse("zip-not-unicode") from None
        if listed is None:
            raise refuse("zip-not-in-directory")
        if listed[0] != compressed:
            raise refuse("zip-data-size")
        if listed[1] != size:
            raise refuse("zip-file-size")

    def _read_listed(self) -> None:
        if self._directory_at is None:
            self._directory_at = self._file.tell() - 4
        name_size, extra_size, comment_size = struct.unpack("<24xHHH12x", self._take(42))
        if comment_size:
            raise refuse("zip-comment")
        name, extra = self._take(name_size), self._take(extra_size)
        _check_characters(name)
        self._directory_size += 46 + len(name) + len(extra)
        if name in self._listed:
            raise refuse("zip-duplicate-directory")
        if name not in self._local:
            raise refuse("zip-missing-local")
        self._listed.add(name)

    def _read_end64(self) -> None:
        self._has_end64 = True
        size, on_disk, records, directory_size, place = struct.unpack("<Q12xQQQQ", self._take(52))
        if on_disk != records:
            raise refuse("zip-malformed")
        if size != END64_SIZE:
            raise refuse("zip-extensible")
        self._said = (records, directory_size, place)

    def _read_locator(self) -> None:
        self._take(16)
        self._has_locator = True

    def _read_end(self) -> None:
        if self._has_end64 and not self._has_locator:
            raise refuse("zip-malformed")
        start = self._file.tell() - 4 if self._directory_at is None else self._directory_at
        on_disk, records, size, place, comment_size = struct.unpack("<4xHHLLH", self._take(18))
        if on_disk != records:
            raise refuse("zip-malformed")
        self._file.seek(comment_size, os.SEEK_CUR)
        # With a locator the ZIP64 record counts, whatever stands here.
        said = self._said if self._has_locator and self._said else (records, size, place)
        real = (len(self._listed), self._directory_size, start)
        for index, rule in ((0, "zip-directory-records"), (2, "zip-directory-offset"), (1, "zip-directory-size")):
            if said[index] != real[index]:
                raise refuse(rule)
        self.is_done = True


def _check_characters(name: bytes) -> None:
    if any(byte < 0x20 or byte == 0x7F for byte in name):
        raise refuse("zip-filename-characters")


def _sizes_in(extra: bytes, method: int, compressed: int, size: int) -> tuple[int, int]:
    """Return the compressed and the plain size, which a ZIP64 field among the EXTRA ones may say instead of the header."""
    seen = set()
    while extra:
        kind, count = struct.unpack("<HH", extra[:4]) if len(extra) >= 4 else (0, len(extra))
        if count + 4 > len(extra):
            raise refuse("zip-malformed")
        if kind in seen and kind in (ZIP64, UNICODE_PATH):
            raise refuse("zip-duplicate-extra")
        seen.add(kind)
        field, extra = extra[4 : count + 4], extra[count + 4 :]
        if kind == ZIP64:
            compressed, size = _zip64_sizes(field, method, compressed, size)
        elif kind == UNICODE_PATH:
            _check_unicode_path(field[5:])
    return compressed, size


def _zip64_sizes(field: bytes, method: int, compressed: int, size: int) -> tuple[int, int]:
    known = {0: UNKNOWN_SIZE not in (compressed, size), 8: method == STORED, 16: True, 24: True, 28: True}
    if not known.get(len(field)):
        raise refuse("zip-malformed")
    if field:
        (plain,) = struct.unpack("<Q", field[:8])
        compressed = plain if len(field) == 8 else struct.unpack("<Q", field[8:16])[0]
        size = plain if size == UNKNOWN_SIZE else size
    return compressed, size


def _check_unicode_path(name: bytes) -> None:
    _check_characters(name)
    try:
        name.decode("utf-8")
    except UnicodeError:
        raise refuse("zip-unicode-path") from None
