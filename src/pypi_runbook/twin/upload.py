"""The upload address: streams the form to disk, asks the rules in PyPI's order, and keeps what none of them refuses."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError
from packaging.metadata import Metadata
from packaging.utils import canonicalize_name

from pypi_runbook.rules import Form, Refused, Site, check_form, check_metadata, refuse
from pypi_runbook.rules.archives import check_archive, check_sdist_contents, check_wheel_contents
from pypi_runbook.rules.description import check_description
from pypi_runbook.rules.filenames import check_filename, check_length, check_sdist_name, check_wheel_name
from pypi_runbook.rules.names import check_new_name
from pypi_runbook.twin.access import Identity, identify, permit
from pypi_runbook.twin.answers import refusal
from pypi_runbook.twin.hosts import Index
from pypi_runbook.twin.records import File
from pypi_runbook.twin.world import World

MEGABYTE = 1024 * 1024
FILE_LIMIT = 100 * MEGABYTE
PROJECT_LIMIT = 10 * 1024 * MEGABYTE
FIELD_LIMIT = 16 * MEGABYTE
FIELDS_LIMIT = 10_000
RELEASE_OPEN = 14 * 24 * 3600.0


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


class Uploads:
    """The upload address of one index."""

    def __init__(self, world: World, index: Index) -> None:
        self._world = world
        self._store = world.store
        self._index = index
        self._site = Site(index.host)
        # Two uploads of one file at once: the second must see the first.
        self._turn = asyncio.Lock()

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one upload."""
        received = Received()
        try:
            await receive(request, self._store.folder / "incoming", received)
            return await self._judge(request, received)
        except Refused as error:
            return refusal(request, error.rule.status, error.message(self._site))
        except (ValueError, AssertionError, HttpProcessingError) as error:
            return refusal(request, 400, f"Bad Request: the form cannot be read ({type(error).__name__})")
        finally:
            if received.path:
                received.path.unlink(missing_ok=True)

    async def _judge(self, request: web.Request, received: Received) -> web.Response:
        identity = identify(request, self._store, self._index)
        form = Form(received.fields)
        check_action(form)
        for name in sorted(set(received.file_fields) - {"gpg_signature"}):
            raise refuse("field-tuple", field=name)
        if self._world.faults.is_read_only(self._index.name):
            raise refuse("read-only")
        if identity is None:
            raise refuse("invalid-authentication")
        check_form(form)
        metadata = check_metadata(form)
        project = self._check_project(metadata, identity, received)
        check_description(metadata)
        # Hashes and archives take long; the loop serves other clients meanwhile.
        async with self._turn:
            accepted = await asyncio.to_thread(self._check_file, form, metadata, project, received)
            if accepted:
                assert received.path
                self._store.add(accepted[0], metadata.name, identity.account.user, received.path, accepted[1])
        return web.Response(status=200)

    def _check_project(self, metadata: Metadata, identity: Identity, received: Received) -> str:
        """Return the project's name for messages; raise when it may not be created, or this identity may not upload to it."""
        if received.path is None:
            raise refuse("no-file")
        name = canonicalize_name(metadata.name)
        known = self._store.project(self._index.name, name)
        if known is None:
            check_new_name(metadata.name, self._store.project_names(self._index.name))
        shown, owner = known or (metadata.name, identity.account.user)
        permit(identity, name, shown, owner, self._world.clock())
        return metadata.name

    def _check_file(self, form: Form, metadata: Metadata, project: str, received: Received) -> tuple[File, bytes | None] | None:
        """Return what to keep and a wheel's METADATA, or None when the very file is there already."""
        assert received.path
        filename, filetype = received.filename, form.get("filetype")
        check_filename(filename, filetype)
        if not received.content_type or received.content_type.startswith("image/"):
            raise refuse("content-type")
        self._check_sizes(metadata, project, received.size)
        check_digests(form, received.digests)
        if self._is_there(filename, received.digests):
            return None
        self._check_release(metadata, filename, filetype)
        content = self._check_contents(received.path, filename, filetype, metadata, project)
        return self._file(form, metadata, received, content), content

    def _check_sizes(self, metadata: Metadata, project: str, size: int) -> None:
        if size > FILE_LIMIT:
            raise refuse("file-size", project=project, limit=FILE_LIMIT // MEGABYTE)
        total = sum(file.size for file in self._store.files(self._index.name, canonicalize_name(metadata.name)))
        if total + size > PROJECT_LIMIT:
            raise refuse("project-size", project=project, limit=PROJECT_LIMIT // MEGABYTE // 1024)

    def _is_there(self, filename: str, digests: dict[str, str]) -> bool:
        """Tell whether name and bytes are those of a known file; raise when only one of both is."""
        index, blake2 = self._index.name, digests["blake2_256"]
        known = self._store.file(index, filename) or self._store.file_by_blake2(index, blake2)
        if known is None:
            return False
        if known.filename == filename and known.sha256 == digests["sha256"]:
            return True
        raise refuse("file-exists", filename=filename, blake2_256=blake2)

    def _check_release(self, metadata: Metadata, filename: str, filetype: str) -> None:
        index, name, version = self._index.name, canonicalize_name(metadata.name), str(metadata.version)
        if self._store.was_used(index, filename):
            raise refuse("filename-reuse")
        created = self._store.release_created(index, name, version)
        if created is not None and created < self._world.clock() - RELEASE_OPEN:
            raise refuse("release-closed")
        files = [file for file in self._store.files(index, name) if file.version == version]
        if filetype == "sdist" and any(file.filetype == "sdist" for file in files):
            raise refuse("one-sdist")

    @staticmethod
    def _check_contents(path: Path, filename: str, filetype: str, metadata: Metadata, project: str) -> bytes | None:
        """Return a wheel's METADATA, None for an sdist; raise what is wrong with archive, name or contents."""
        check_archive(path, filename)
        if filetype == "sdist":
            check_sdist_name(filename, metadata, project)
            check_sdist_contents(path, filename, metadata)
            check_length(filename)
            return None
        check_wheel_name(filename, metadata, project)
        content = check_wheel_contents(path, filename, metadata)
        check_length(filename)
        return content

    def _file(self, form: Form, metadata: Metadata, received: Received, content: bytes | None) -> File:
        return File(
            index=self._index.name,
            project=canonicalize_name(metadata.name),
            version=str(metadata.version),
            filename=received.filename,
            filetype=form.get("filetype"),
            size=received.size,
            sha256=received.digests["sha256"],
            blake2_256=received.digests["blake2_256"],
            md5=received.digests["md5"],
            requires_python=form.get("requires_python"),
            metadata_sha256=hashlib.sha256(content).hexdigest() if content is not None else "",
            uploaded=self._world.clock(),
            metadata={name: form.all(name) for name in form.names() if not name.startswith(":")},
        )


def check_action(form: Form) -> None:
    """Raise when the form asks for something that PyPI stopped doing."""
    action = form.get(":action")
    if action == "submit":
        raise refuse("pre-registration")
    if action == "doc_upload":
        raise refuse("documentation-upload")


def check_digests(form: Form, digests: dict[str, str]) -> None:
    """Raise when a digest in FORM is not the one that was calculated."""
    for name, found in digests.items():
        given = form.get(f"{name}_digest").lower()
        if given and not hmac.compare_digest(given.encode(), found.encode()):
            raise refuse("digest")


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
