"""The simple index, version 1.4: pages in HTML and JSON, with redirects, validators and metadata."""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web
from packaging.utils import canonicalize_name

from pypi_runbook.rules.form import NAME
from pypi_runbook.twin.answers import not_found, preferred, refusal
from pypi_runbook.twin.catalog import Catalog
from pypi_runbook.twin.listing import Listed, file_url, versions

API_VERSION = "1.4"
JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
OFFERS = ("text/html", HTML, JSON)
ALIASES = {"application/vnd.pypi.simple.latest+json": JSON, "application/vnd.pypi.simple.latest+html": HTML}


class SimpleIndex:
    """The simple index of one site."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def root(self, request: web.Request) -> web.StreamResponse:
        """Answer with the names of the projects that were uploaded here."""
        names = self._catalog.names()
        content = {"meta": self._meta(), "projects": [{"name": name} for name in names]}
        anchors = [f'<a href="/simple/{canonicalize_name(name)}/">{html.escape(name)}</a><br/>' for name in names]
        return self._answer(request, content, lambda: _page("Simple index", "", anchors))

    async def project(self, request: web.Request) -> web.StreamResponse:
        """Answer with the files of one project."""
        name = request.match_info["name"]
        if not NAME.fullmatch(name):
            return not_found(request)
        if (normalized := canonicalize_name(name)) != name:
            raise web.HTTPMovedPermanently(f"/simple/{normalized}/")
        listing = await self._catalog.listing(normalized)
        if not listing:
            return not_found(request)
        anchors = [self._anchor(item) for item in listing]
        title = f"Links for {normalized}"
        return self._answer(request, self._content(normalized, listing), lambda: _page(title, f"<h1>{title}</h1>", anchors))

    def _meta(self) -> dict[str, Any]:
        return {"api-version": API_VERSION, "_last-serial": self._catalog.serial()}

    def _content(self, name: str, listing: list[Listed]) -> dict[str, Any]:
        return {
            "meta": self._meta(),
            "name": name,
            "project-status": {"status": "active"},
            "versions": versions(listing, name),
            "files": [self._file(item) for item in listing],
        }

    def _file(self, item: Listed) -> dict[str, Any]:
        metadata = _metadata(item)
        content: dict[str, Any] = {
            "filename": item.filename,
            "url": file_url(self._catalog.index.files_host, item),
            "hashes": {"sha256": item.sha256} if item.sha256 else {},
            "requires-python": item.requires_python or None,
            "yanked": False if item.yanked is None else item.yanked or True,
            "core-metadata": metadata,
            "data-dist-info-metadata": metadata,
            "provenance": None,
        }
        # Upstreams that speak only HTML tell neither; a guess would be worse than silence.
        content |= {"size": item.size} if item.size is not None else {}
        return content | ({"upload-time": item.uploaded} if item.uploaded else {})

    def _anchor(self, item: Listed) -> str:
        attributes = {"href": file_url(self._catalog.index.files_host, item) + (f"#sha256={item.sha256}" if item.sha256 else "")}
        if item.requires_python:
            attributes["data-requires-python"] = item.requires_python
        if item.yanked is not None:
            attributes["data-yanked"] = item.yanked
        if metadata := _metadata(item):
            value = f"sha256={metadata['sha256']}" if isinstance(metadata, dict) else "true"
            attributes |= {"data-dist-info-metadata": value, "data-core-metadata": value}
        words = " ".join(f'{name}="{html.escape(value)}"' for name, value in attributes.items())
        return f"<a {words} >{html.escape(item.filename)}</a><br />"

    def _answer(self, request: web.Request, content: dict[str, Any], page: Callable[[], str]) -> web.StreamResponse:
        accept = request.headers.get("Accept", "")
        for alias, kind in ALIASES.items():
            accept = accept.replace(alias, kind)
        kind = preferred(accept, OFFERS)
        if not kind:
            return refusal(request, 406, "Not Acceptable")
        body = (json.dumps(content) if kind == JSON else page()).encode()
        headers = {
            "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"',
            "Cache-Control": "max-age=600, public",
            "X-PyPI-Last-Serial": str(self._catalog.serial()),
            "Vary": "Accept, Accept-Encoding",
        }
        if headers["ETag"] in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type=kind, charset="utf-8" if kind == "text/html" else None, headers=headers)


def _metadata(item: Listed) -> bool | dict[str, str]:
    """Return what the index says of an item's metadata file; the twin has one for every wheel."""
    if not item.is_wheel:
        return False
    return {"sha256": item.metadata_sha256} if item.metadata_sha256 else True


def _page(title: str, heading: str, anchors: list[str]) -> str:
    meta = f'    <meta name="pypi:repository-version" content="{API_VERSION}">\n    <title>{title}</title>\n'
    return f"<!DOCTYPE html>\n<html>\n  <head>\n{meta}  </head>\n  <body>\n    {heading}\n" + "\n".join(anchors) + "\n  </body>\n</html>\n"
