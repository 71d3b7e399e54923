"""Zip archives written record by record, so that single records can say what zipfile would never write.

Members are stored, not compressed. The layout is that of PKWARE's APPNOTE.TXT, sections 4.3.7 to 4.3.16.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

DATE = 0x0021


@dataclass(frozen=True)
class Member:
    """A member of an archive: its name as it stands there, its data, and what its local header says beside them.

    extra: further fields of the local header; flags: of the local header; compressed, size: what it says instead of the data's length.
    comment: in the directory.
    """

    name: bytes
    data: bytes = b""
    extra: bytes = b""
    flags: int = 0
    compressed: int | None = None
    size: int | None = None
    comment: bytes = b""

    def local(self) -> bytes:
        """Return the local header and the data."""
        length = len(self.data)
        compressed, size = (length if said is None else said for said in (self.compressed, self.size))
        head = struct.pack("<HHHHHLLLHH", 20, self.flags, 0, 0, DATE, zlib.crc32(self.data), compressed, size, len(self.name), len(self.extra))
        return b"PK\x03\x04" + head + self.name + self.extra + self.data

    def listed(self, place: int) -> bytes:
        """Return the directory's entry for a local header at PLACE."""
        length = len(self.data)
        sizes = struct.pack("<LLLHHH", zlib.crc32(self.data), length, length, len(self.name), 0, len(self.comment))
        head = struct.pack("<HHHHHH", 20, 20, 0, 0, 0, DATE) + sizes + struct.pack("<HHLL", 0, 0, 0, place)
        return b"PK\x01\x02" + head + self.name + self.comment


def archive(
    members: list[Member], *, before: bytes = b"", after: bytes = b"", hidden: tuple[Member, ...] = (), listed: tuple[Member, ...] = ()
) -> bytes:
    """Return an archive of MEMBERS.

    before, after: what stands around it. hidden: members that the directory does not list.
    listed: entries of the directory beside those of MEMBERS, all for the first member's place.
    """
    data, directory, first = before, b"", len(before)
    for member in members:
        directory += member.listed(len(data))
        data += member.local()
    data += b"".join(member.local() for member in hidden)
    directory += b"".join(member.listed(first) for member in listed)
    count = len(members) + len(listed)
    return data + directory + struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(data), 0) + after


def end64(records: int, size: int, place: int, *, more: bytes = b"") -> bytes:
    """Return a ZIP64 end record with its locator, which says so many RECORDS, and the directory's SIZE and PLACE."""
    head = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44 + len(more), 45, 45, 0, 0, records, records, size, place)
    return head + more + struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
