"""The upload address: streams the form to disk, asks the rules in PyPI's order, and keeps what none of them refuses."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from dataclasses import replace
from pathlib import Path

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from packaging.metadata import Metadata

from pypi_runbook.rules import Form, Refused, Site, check_form, check_metadata, refuse
from pypi_runbook.rules.archives import check_archive, check_sdist_contents, check_wheel_contents
from pypi_runbook.rules.attestations import check_attestations
from pypi_runbook.rules.description import check_description
from pypi_runbook.rules.filenames import check_filename, check_length, check_sdist_name, check_wheel_name
from pypi_runbook.twin.access import identify
from pypi_runbook.twin.admission import admit
from pypi_runbook.twin.answers import refusal
from pypi_runbook.twin.hosts import Index
from pypi_runbook.twin.provenance import ATTESTATIONS_FLAG, attributed
from pypi_runbook.twin.receive import FILE_LIMIT, MEGABYTE, Received, receive
from pypi_runbook.twin.records import File, Project
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
        received = Received(limit=max(FILE_LIMIT, self._store.projects.largest_file_limit(self._index.name)))
        headers: dict[str, str] = {}
        try:
            await receive(request, self._store.folder / "incoming", received)
            return await self._judge(request, received, headers)
        except Refused as error:
            return refusal(request, error.rule.status, error.message(self._site), headers)
        except (ValueError, AssertionError, HttpProcessingError) as error:
            return refusal(request, 400, f"Bad Request: the form cannot be read ({type(error).__name__})")
        finally:
            if received.path:
                received.path.unlink(missing_ok=True)

    async def _judge(self, request: web.Request, received: Received, headers: dict[str, str]) -> web.Response:
        form = Form(received.fields)
        check_action(form)
        for name in sorted(set(received.file_fields) - {"gpg_signature"}):
            raise refuse("field-tuple", field=name)
        self._check_flags()
        identity = identify(request, self._store, self._index)
        if identity is None:
            raise refuse("invalid-authentication")
        check_form(form)
        metadata = check_metadata(form)
        if received.path is None:
            raise refuse("no-file")
        project = admit(self._world, self._index, identity, metadata.name, headers)
        check_description(metadata)
        # Hashes and archives take long; the loop serves other clients meanwhile.
        async with self._turn:
            self._check_race(project)
            accepted = await asyncio.to_thread(self._check_file, form, metadata, project, received, identity.publisher is not None)
            if accepted:
                file = attributed(accepted[0], self._world.trusted.registry, identity.publisher)
                self._store.add(file, replace(project, name=metadata.name), identity.account, received.path, accepted[1])
        return web.Response(status=200, headers=headers)

    def _check_flags(self) -> None:
        projects, site = self._store.projects, self._index.name
        if self._world.faults.is_read_only(site) or projects.has_flag(site, "read-only"):
            raise refuse("read-only")
        if projects.has_flag(site, "disallow-new-upload"):
            raise refuse("uploads-disabled")

    def _check_race(self, project: Project) -> None:
        """Raise when somebody made a project of this name while this upload was on its way to make it."""
        now = self._store.project(self._index.name, project.normalized)
        if now and now.id != project.id:
            raise refuse("name-conflict", name=project.name)

    def _check_file(self, form: Form, metadata: Metadata, project: Project, received: Received, trusted: bool) -> tuple[File, bytes | None] | None:
        """Return what to keep and a wheel's METADATA, or None when the very file is there already."""
        assert received.path
        filename, filetype = received.filename, form.get("filetype")
        check_filename(filename, filetype)
        if not received.content_type or received.content_type.startswith("image/"):
            raise refuse("content-type")
        self._check_sizes(project, metadata.name, received.size)
        check_digests(form, received.digests)
        if self._is_there(filename, received.digests):
            return None
        version = self._check_release(project, str(metadata.version), filename, filetype)
        content = self._check_contents(received.path, filename, filetype, metadata, metadata.name)
        if "attestations" in form.names() and not self._store.projects.has_flag(self._index.name, ATTESTATIONS_FLAG):
            check_attestations(form.get("attestations"), filename, received.digests["sha256"], trusted=trusted)
        return self._file(form, project, version, received, content), content

    def _check_sizes(self, project: Project, name: str, size: int) -> None:
        # A limit below the index's own has no effect on PyPI either.
        file_limit, total_limit = max(FILE_LIMIT, project.file_limit or 0), max(PROJECT_LIMIT, project.total_limit or 0)
        room = total_limit - project.held - sum(file.size for file in self._store.files(self._index.name, project.normalized))
        # PyPI counts while the file comes in: the lower limit is met first.
        if size > file_limit <= room:
            raise refuse("file-size", project=name, limit=file_limit // MEGABYTE)
        if size > room:
            raise refuse("project-size", project=name, limit=total_limit // MEGABYTE // 1024)

    def _is_there(self, filename: str, digests: dict[str, str]) -> bool:
        """Tell whether name and bytes are those of a known file; raise when only one of both is."""
        index, blake2 = self._index.name, digests["blake2_256"]
        known = self._store.file(index, filename) or self._store.file_by_blake2(index, blake2)
        if known is None:
            return False
        if known.filename == filename and known.sha256 == digests["sha256"]:
            return True
        raise refuse("file-exists", filename=filename, blake2_256=blake2)

    def _check_release(self, project: Project, version: str, filename: str, filetype: str) -> str:
        """Return the version of the release that the file joins: `1.0.0` joins the release 1.0. Raise when it takes no such file."""
        site, name = self._index.name, project.normalized
        if self._store.was_used(site, filename):
            raise refuse("filename-reuse")
        release = self._store.release(site, name, version)
        if release is None:
            return version
        if release[1] < self._world.clock() - RELEASE_OPEN:
            raise refuse("release-closed")
        if filetype == "sdist" and any(file.filetype == "sdist" and file.version == release[0] for file in self._store.files(site, name)):
            raise refuse("one-sdist")
        return release[0]

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

    def _file(self, form: Form, project: Project, version: str, received: Received, content: bytes | None) -> File:
        return File(
            index=self._index.name,
            project=project.normalized,
            version=version,
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
