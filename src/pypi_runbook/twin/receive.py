"""The upload form: read from the wire into memory and onto disk, within limits."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import BodyPartReader, web

MEGABYTE = 1024 * 1024
FILE_LIMIT = 100 * MEGABYTE
FIELD_LIMIT = 16 * MEGABYTE
FIELDS_LIMIT = 10_000


@dataclass
class Received:
    """An upload as it came: text fields, and the file on disk with what was learned while it streamed by."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    path: Path | None = None
    filename: str = ""
    content_type: str = ""
    size: int = 0
    digests: dict[str, str] = field(default_factory=dict)
    file_fields: list[str] = field(default_factory=list)


async def receive(request: web.Request, folder: Path, received: Received) -> None:
    """Read REQUEST's form into RECEIVED, its file into FOLDER; memory stays flat whatever the file's size."""
    if not request.content_type.startswith("multipart/"):
        await request.read()
        return
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader):
            raise ValueError("nested multipart")
        if part.name == "content" and part.filename is not None:
            await _receive_file(part, folder, received)
        else:
            await _receive_field(part, received)


async def _receive_field(part: BodyPartReader, received: Received) -> None:
    data = bytearray()
    while chunk := await part.read_chunk(65536):
        data += chunk
        if len(data) > FIELD_LIMIT:
            raise ValueError("field too long")
    if len(received.fields) >= FIELDS_LIMIT:
        raise ValueError("too many fields")
    if part.filename is not None:
        received.file_fields.append(part.name or "")
    received.fields.append((part.name or "", data.decode("utf-8", "replace")))


async def _receive_file(part: BodyPartReader, folder: Path, received: Received) -> None:
    if received.path is not None:
        raise ValueError("two files")
    received.path = folder / uuid.uuid4().hex
    # uv sends no content type, which PyPI's form reader takes for plain text.
    # Bytes that are not UTF-8 come as surrogates, which nothing further on can write.
    received.filename = (part.filename or "").encode("utf-8", "replace").decode()
    received.content_type = part.headers.get("Content-Type", "text/plain")
    hashers: dict[str, Any] = {
        "md5": hashlib.md5(usedforsecurity=False),
        "sha256": hashlib.sha256(),
        "blake2_256": hashlib.blake2b(digest_size=32),
    }
    with received.path.open("wb") as file:
        while chunk := await part.read_chunk(1024 * 1024):
            received.size += len(chunk)
            # What is over the limit is read to its end, so that the client sees the answer, but not kept.
            if received.size <= FILE_LIMIT:
                file.write(chunk)
            for hasher in hashers.values():
                hasher.update(chunk)
    received.digests = {name: hasher.hexdigest() for name, hasher in hashers.items()}
