"""The upload form: read from the wire into memory and onto disk, within limits."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from pypi_runbook.twin.formdata import FormReader, Head, parameters
from pypi_runbook.twin.intake import patience

MEGABYTE = 1024 * 1024
FILE_LIMIT = 100 * MEGABYTE
TEXT_LIMIT = 64 * MEGABYTE
FIELDS_LIMIT = 10_000


@dataclass
class Received:
    """An upload as it came: text fields, and the file on disk with what was learned while it streamed by.

    limit: bytes of a file that any project of the index may have; of a larger one only the size is learned.
    """

    limit: int = FILE_LIMIT
    fields: list[tuple[str, str]] = field(default_factory=list)
    path: Path | None = None
    filename: str = ""
    content_type: str = ""
    size: int = 0
    digests: dict[str, str] = field(default_factory=dict)
    file_fields: list[str] = field(default_factory=list)
    text_size: int = 0

    def discard(self) -> None:
        """Forget the bytes on disk, which an index that takes the file has moved away."""
        if self.path:
            self.path.unlink(missing_ok=True)


async def receive(request: web.Request, folder: Path, received: Received) -> None:
    """Read REQUEST's form into RECEIVED, its file into FOLDER; memory stays flat whatever the file's size.

    Raises ValueError for a form that nobody can read, and answers 408 when the client stops in the middle.
    """
    try:
        await _receive(request, folder, received)
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    except web.RequestPayloadError as error:
        raise ValueError("the body is broken") from error


async def _receive(request: web.Request, folder: Path, received: Received) -> None:
    kind, said = parameters(request.headers.get("Content-Type", ""))
    if not kind.lower().startswith("multipart/"):
        await _receive_plain(request, kind, received)
        return
    reader = FormReader(request.content, said.get("boundary", ""))
    async for head in reader.parts():
        if head.name == "content" and head.filename:
            await _receive_file(head, reader.pieces(), folder, received)
        else:
            await _receive_field(head, reader.pieces(), received)


async def _receive_plain(request: web.Request, kind: str, received: Received) -> None:
    async with patience():
        body = await request.read()
    if kind.lower() == "application/x-www-form-urlencoded":
        received.fields += parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=FIELDS_LIMIT)


async def _receive_field(head: Head, pieces: AsyncIterator[bytes], received: Received) -> None:
    data = bytearray()
    async for piece in pieces:
        data += piece
        if received.text_size + len(data) > TEXT_LIMIT:
            raise ValueError("fields too long")
    if len(received.fields) >= FIELDS_LIMIT:
        raise ValueError("too many fields")
    received.text_size += len(data)
    if head.filename:
        received.file_fields.append(head.name)
    received.fields.append((head.name, data.decode("utf-8", "replace")))


async def _receive_file(head: Head, pieces: AsyncIterator[bytes], folder: Path, received: Received) -> None:
    received.discard()
    received.path = folder / uuid.uuid4().hex
    received.filename, received.content_type, received.size = head.filename, head.content_type, 0
    hashers: dict[str, Any] = {
        "md5": hashlib.md5(usedforsecurity=False),
        "sha256": hashlib.sha256(),
        "blake2_256": hashlib.blake2b(digest_size=32),
    }
    with received.path.open("wb") as file:
        async for piece in pieces:
            received.size += len(piece)
            # What is over the limit is read to its end, so that the client sees the answer, but nobody asks for its bytes.
            if received.size > received.limit:
                file.truncate(0)
                continue
            file.write(piece)
            for hasher in hashers.values():
                hasher.update(piece)
    received.digests = {name: hasher.hexdigest() for name, hasher in hashers.items()}
