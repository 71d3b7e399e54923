"""The integrity API of one index: who signed for a file."""

from __future__ import annotations

from aiohttp import web
from packaging.utils import canonicalize_name

from pypi_runbook.twin.answers import CORS, cacheable, compact, not_found, preferred
from pypi_runbook.twin.catalog import Catalog
from pypi_runbook.twin.listing import version_key
from pypi_runbook.twin.provenance import ATTESTATIONS_FLAG, provenance

OFFERS = ("application/vnd.pypi.integrity.v1+json", "application/json")
CACHE = {"Cache-Control": "max-age=600, public", "Vary": "Accept, Accept-Encoding"}


class Integrity:
    """`/integrity/<project>/<version>/<file>/provenance` of one index."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer with a file's provenance, or say in PyPI's words why there is none."""
        found = request.match_info
        file = self._catalog.world.store.file(self._catalog.index.name, found["filename"])
        if file is None or file.project != canonicalize_name(found["name"]) or version_key(file.version) != version_key(found["version"]):
            return await self._foreign(request)
        kind = preferred(request.headers.get("Accept", ""), OFFERS)
        if not kind:
            return _refused(406, "Request not acceptable")
        if self._catalog.world.store.projects.has_flag(self._catalog.index.name, ATTESTATIONS_FLAG):
            return _refused(403, "Attestations temporarily disabled")
        signed = provenance(file)
        if signed is None:
            return _refused(404, f"No provenance available for {file.filename}")
        return cacheable(request, compact(signed), kind, {**CACHE, **CORS})

    async def _foreign(self, request: web.Request) -> web.StreamResponse:
        """Answer for somebody else's file, whose provenance no upstream hands on."""
        name = canonicalize_name(request.match_info["name"])
        filename = request.match_info["filename"]
        if not self._catalog.is_own(name) and any(item.filename == filename for item in await self._catalog.listing(name)):
            return _refused(404, f"No provenance available for {filename}")
        return not_found(request)


def _refused(status: int, message: str) -> web.Response:
    return web.Response(status=status, body=compact({"message": message}), content_type="application/json", headers=CACHE)
