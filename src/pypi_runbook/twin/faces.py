"""Which handler answers which path on which host."""

from __future__ import annotations

import html

from aiohttp import web
from packaging.utils import canonicalize_name

from pypi_runbook.twin import hosts
from pypi_runbook.twin.answers import not_found, page
from pypi_runbook.twin.catalog import Catalog
from pypi_runbook.twin.files import FileHost
from pypi_runbook.twin.github.routes import add_github
from pypi_runbook.twin.integrity import Integrity
from pypi_runbook.twin.journal import prepare
from pypi_runbook.twin.jsonapi import JsonApi
from pypi_runbook.twin.listing import file_url, of_version, versions
from pypi_runbook.twin.records import QUARANTINED
from pypi_runbook.twin.simple import SimpleIndex
from pypi_runbook.twin.trusted.routes import add_identity, add_minting
from pypi_runbook.twin.upload import Uploads
from pypi_runbook.twin.world import World

NO_SLASH = "An upload was attempted to /legacy but the expected upload URL is /legacy/ (with a trailing slash)"


def make_faces(world: World) -> dict[str, web.Application]:
    """Return a table of routes for each host."""
    prepare(world.store)
    faces: dict[str, web.Application] = {host: web.Application() for host in hosts.HOSTS}
    for index in hosts.INDEXES.values():
        catalog = Catalog(world, index)
        add_site(faces[index.host], catalog)
        add_uploads(faces[index.upload_host], Uploads(world, index), index)
        add_minting({index.host: faces[index.host], index.upload_host: faces[index.upload_host]}, world, index)
        faces[index.files_host].router.add_get("/{path:packages/.+}", FileHost(catalog).handle)
    add_json(faces[hosts.OLD_PYPI], JsonApi(Catalog(world, hosts.PYPI)))
    add_github(faces, world)
    add_identity(faces[hosts.GITHUB_IDENTITY], world)
    return faces


def add_site(face: web.Application, catalog: Catalog) -> None:
    """Add what people and installers read: project pages, simple index, JSON API, integrity API."""
    simple, pages = SimpleIndex(catalog), ProjectPages(catalog)
    add_json(face, JsonApi(catalog))
    face.router.add_get("/integrity/{name}/{version}/{filename}/provenance", Integrity(catalog).handle)
    face.router.add_get("/", pages.home)
    face.router.add_get("/simple/", simple.root)
    face.router.add_get("/simple/{name}/", simple.project)
    face.router.add_get("/project/{name}/", pages.project)
    face.router.add_get("/project/{name}/{version}/", pages.project)
    for path in ("/simple", "/simple/{name}", "/project/{name}", "/project/{name}/{version}"):
        face.router.add_get(path, _add_slash)


def add_json(face: web.Application, api: JsonApi) -> None:
    """Add the JSON API, whose addresses may end with a slash."""
    for path in ("/pypi/{name}/json", "/pypi/{name}/{version}/json"):
        face.router.add_get(path, api.handle)
        face.router.add_get(f"{path}/", api.handle)


def add_uploads(face: web.Application, uploads: Uploads, index: hosts.Index) -> None:
    """Add the upload address, and its refusal of the one without a slash."""

    async def refuse_without_slash(_: web.Request) -> web.StreamResponse:
        return web.Response(status=308, reason=NO_SLASH, text=NO_SLASH, headers={"Location": index.upload_url})

    face.router.add_post("/legacy/", uploads.handle)
    face.router.add_route("*", "/legacy", refuse_without_slash)


class ProjectPages:
    """The pages that a person opens in a browser, reduced to what they tell."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def home(self, _: web.Request) -> web.StreamResponse:
        """Answer with the projects that were uploaded here."""
        projects = self._catalog.projects()
        rows = "".join(f'<li><a href="/project/{normalized}/">{html.escape(name)}</a></li>\n' for normalized, name, _ in projects)
        title = f"{self._catalog.index.title} (twin)"
        return page(title, f"<h1>{title}</h1>\n<p>{len(projects)} projects were uploaded to this twin.</p>\n<ul>\n{rows}</ul>")

    async def project(self, request: web.Request) -> web.StreamResponse:
        """Answer with a project's version and its files."""
        name = canonicalize_name(request.match_info["name"])
        listing = await self._catalog.listing(name)
        if not listing and await self._catalog.exists(name):
            return self._empty(name)
        known = versions(listing, name)
        files = of_version(listing, name, request.match_info.get("version") or (known[-1] if known else ""))
        if not files:
            return not_found(request)
        title = html.escape(f"{name} {files[0].version(name)}")
        host = self._catalog.index.files_host
        rows = [f'<li><a href="{html.escape(file_url(host, item))}">{html.escape(item.filename)}</a></li>' for item in files]
        rows += [f'<li><a href="/project/{name}/{html.escape(each)}/">version {html.escape(each)}</a></li>' for each in reversed(known)]
        return page(f"{title} · {self._catalog.index.title} (twin)", f"<h1>{title}</h1>\n<ul>\n" + "\n".join(rows) + "\n</ul>")

    def _empty(self, name: str) -> web.StreamResponse:
        """Answer with a project that has no files to show."""
        shown, status = html.escape(self._catalog.shown_name(name) or name), self._catalog.status(name)
        words = "is quarantined: nobody can install it" if status == QUARANTINED else "has no files"
        return page(f"{shown} · {self._catalog.index.title} (twin)", f"<h1>{shown}</h1>\n<p>This project {words}.</p>")


async def _add_slash(request: web.Request) -> web.StreamResponse:
    query = f"?{request.query_string}" if request.query_string else ""
    raise web.HTTPMovedPermanently(f"{request.path}/{query}")
