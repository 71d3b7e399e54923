"""The upload address: streams the form to disk, asks the rules in PyPI's order, and keeps what none of them refuses."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from pathlib import Path

from aiohttp import web
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
from pypi_runbook.twin.receive import FILE_LIMIT, MEGABYTE, Received, receive
from pypi_runbook.twin.records import File
from pypi_runbook.twin.world import World

PROJECT_LIMIT = 10 * 1024 * MEGABYTE
RELEASE_OPEN = 14 * 24 * 3600.0


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
