"""The simple index, version 1.4: pages in HTML and JSON, with redirects, validators and metadata.

Its shapes are those of PyPI's `warehouse/api/simple.py` and `warehouse/packaging/utils.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any
from urllib.parse import quote

from aiohttp import web
from packaging.utils import canonicalize_name

from pypi_runbook.rules.form import NAME
from pypi_runbook.twin.answers import CORS, cacheable, compact, preferred
from pypi_runbook.twin.catalog import Catalog
from pypi_runbook.twin.listing import Listed, file_url, usable, versions

API_VERSION = "1.4"
JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
OFFERS = ("text/html", HTML, JSON)


class SimpleIndex:
    """The simple index of one site."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def root(self, request: web.Request) -> web.StreamResponse:
        """Answer with the names of the projects that were uploaded here."""
        projects, serial = self._catalog.projects(), self._catalog.serial()
        listed = [{"name": name, "_last-serial": changed} for _, name, changed in projects]
        content = {"meta": {"api-version": API_VERSION, "_last-serial": serial}, "projects": listed}
        anchors = [f'    <a href="/simple/{normalized}/">{escape(name)}</a>\n' for normalized, name, _ in projects]
        return _answer(request, content, lambda: _page("Simple index", "", "".join(anchors)))

    async def project(self, request: web.Request) -> web.StreamResponse:
        """Answer with the files of one project."""
        name = request.match_info["name"]
        normalized = canonicalize_name(name)
        if not NAME.fullmatch(name) or not await self._catalog.exists(normalized, cached=True):
            return web.Response(status=404, text="404 Not Found", charset="UTF-8", headers=CORS)
        if normalized != name:
            raise web.HTTPMovedPermanently(f"/simple/{normalized}/", headers=CORS)
        listing = await self._catalog.listing(normalized, cached=True)
        if brief := self._catalog.world.brief:
            listing = usable(listing, request.headers.get("User-Agent", ""))
        content = self._content(normalized, listing)
        return _answer(request, content, lambda: _project_page(content), "Accept, Accept-Encoding" + ", User-Agent" * brief)

    def _content(self, name: str, listing: list[Listed]) -> dict[str, Any]:
        return {
            "meta": {"api-version": API_VERSION, "_last-serial": self._catalog.serial(name)},
            "name": name,
            "project-status": {"status": self._catalog.status(name)},
            "versions": versions(listing, name),
            "files": [self._file(name, item) for item in listing],
        }

    def _file(self, name: str, item: Listed) -> dict[str, Any]:
        metadata = _metadata(item)
        content: dict[str, Any] = {
            "filename": item.filename,
            "url": file_url(self._catalog.index.files_host, item),
            "hashes": {"sha256": item.sha256} if item.sha256 else {},
            "requires-python": item.requires_python or None,
            "yanked": False if item.yanked is None else item.yanked or True,
            "core-metadata": metadata,
            "data-dist-info-metadata": metadata,
            "provenance": self._provenance(name, item) if item.has_provenance else None,
        }
        # Upstreams that speak only HTML tell neither; a guess would be worse than silence.
        content |= {"size": item.size} if item.size is not None else {}
        return content | ({"upload-time": item.uploaded} if item.uploaded else {})

    def _provenance(self, name: str, item: Listed) -> str:
        return f"https://{self._catalog.index.host}/integrity/{name}/{quote(item.version(name))}/{quote(item.filename)}/provenance"


def _answer(request: web.Request, content: dict[str, Any], page: Callable[[], str], vary: str = "Accept, Accept-Encoding") -> web.StreamResponse:
    # Who accepts nothing of what PyPI has gets HTML all the same.
    kind = preferred(request.headers.get("Accept", ""), OFFERS) or OFFERS[0]
    body = compact(content) + b"\n" if kind == JSON else page().encode()
    serial = str(content["meta"]["_last-serial"])
    headers = {"Cache-Control": "max-age=600, public", "Vary": vary, "X-PyPI-Last-Serial": serial}
    return cacheable(request, body, kind, {**headers, **CORS})


def _metadata(item: Listed) -> bool | dict[str, str]:
    """Return what the index says of an item's metadata file; the twin has one for every wheel."""
    if not item.is_wheel:
        return False
    return {"sha256": item.metadata_sha256} if item.metadata_sha256 else True


def _project_page(content: dict[str, Any]) -> str:
    title = f"Links for {content['name']}"
    status = f'    <meta name="pypi:project-status" content="{content["project-status"]["status"]}">\n'
    anchors = "".join(f"    {_anchor(file)}\n" for file in content["files"])
    return _page(title, status, f"    <h1>{title}</h1>\n{anchors}") + f"\n<!--SERIAL {content['meta']['_last-serial']}-->"


def _anchor(file: dict[str, Any]) -> str:
    """Return the line for FILE, in the order of attributes that PyPI froze."""
    fragment = f"#sha256={file['hashes']['sha256']}" if file["hashes"] else ""
    attributes = {"data-requires-python": file["requires-python"]}
    if file["yanked"]:
        attributes["data-yanked"] = file["yanked"] if isinstance(file["yanked"], str) else ""
    if metadata := file["core-metadata"]:
        said = f"sha256={metadata['sha256']}" if isinstance(metadata, dict) else "true"
        attributes |= {"data-dist-info-metadata": said, "data-core-metadata": said}
    attributes["data-provenance"] = file["provenance"]
    words = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items() if value is not None)
    return f'<a href="{escape(file["url"])}{fragment}" {words}>{escape(file["filename"])}</a><br />'


def _page(title: str, meta: str, body: str) -> str:
    head = f'    <meta name="pypi:repository-version" content="{API_VERSION}">\n{meta}    <title>{title}</title>\n'
    return f'<!DOCTYPE html>\n<html lang="en">\n  <head>\n{head}  </head>\n  <body>\n{body}  </body>\n</html>'
