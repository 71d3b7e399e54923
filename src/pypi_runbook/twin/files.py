"""The file hosts: distributions by content address, and the metadata file beside each wheel."""

from __future__ import annotations

from pathlib import Path

from aiohttp import ClientError, web

from pypi_runbook.twin.answers import WHOLE, FollowedFile, SentFile, not_found, refusal
from pypi_runbook.twin.catalog import Catalog
from pypi_runbook.twin.hosts import PYPI
from pypi_runbook.twin.listing import Listed

HEADERS = {"Cache-Control": "max-age=365000000, immutable, public", "Content-Type": "application/octet-stream"}


class FileHost:
    """The file host of one index."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._mirror = catalog.world.mirror

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer with a file or with its metadata."""
        path = request.match_info["path"]
        wants_metadata = path.endswith(".whl.metadata")
        target = path.removesuffix(".metadata") if wants_metadata else path
        if own := self._own(target):
            return self._send(request, own.with_name(f"{own.name}.metadata") if wants_metadata else own)
        item = await self._mirror.find(target) if self._catalog.index is PYPI else None
        if item is None:
            return not_found(request)
        try:
            return await (self._metadata(request, item) if wants_metadata else self._foreign(request, item))
        except (OSError, ClientError, TimeoutError) as error:
            return refusal(request, 502, f"The twin cannot read {item.filename}: {error}")

    def _own(self, path: str) -> Path | None:
        place = self._catalog.place(path.rsplit("/", 1)[-1])
        return place if place and place.as_posix().endswith(f"/{path}") else None

    async def _metadata(self, request: web.Request, item: Listed) -> web.StreamResponse:
        content = await self._mirror.metadata(item)
        if content is None:
            return not_found(request)
        return web.Response(body=content, headers=HEADERS)

    async def _foreign(self, request: web.Request, item: Listed) -> web.StreamResponse:
        place = self._mirror.kept(item)
        if place is None and ("Range" in request.headers or WHOLE.get()):
            place = await self._mirror.file(item)
        return self._send(request, place) if place else await self._follow(request, item)

    async def _follow(self, request: web.Request, item: Listed) -> web.StreamResponse:
        """Hand on a file while it arrives: a client gives up when it sees nothing for some seconds."""
        download = self._mirror.download(item)
        await download.started()
        answer = FollowedFile(headers=HEADERS)
        answer.content_length = download.length
        await answer.prepare(request)
        try:
            async for piece in download.pieces():
                await answer.write(piece)
        except OSError as error:
            answer.problem = str(error)
            if request.transport:
                request.transport.abort()
        return answer

    @staticmethod
    def _send(request: web.Request, place: Path) -> web.StreamResponse:
        if not place.is_file():
            return not_found(request)
        return SentFile(place, HEADERS)
