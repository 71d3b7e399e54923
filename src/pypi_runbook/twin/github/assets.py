"""The files beside a release: sent to uploads.github.com, listed and deleted in the REST API, downloaded from a host of their own."""

from __future__ import annotations

import asyncio
import hashlib
import re
import sqlite3
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from aiohttp import web

from pypi_runbook.twin.answers import SentFile
from pypi_runbook.twin.github import shapes
from pypi_runbook.twin.github.records import BOT, Asset, Release
from pypi_runbook.twin.github.refusals import NOT_FOUND, ApiError, already_exists, custom, invalid
from pypi_runbook.twin.github.rest import Call, Endpoint, Reply, Rest, page_of
from pypi_runbook.twin.hosts import GITHUB_ASSETS
from pypi_runbook.twin.intake import patience
from pypi_runbook.twin.world import World

DOCS = "releases/assets"
PIECE = 256 * 1024
MOST = 2 * 1024**3
# GitHub writes a dot for every run of other characters in a file's name.
ODD = re.compile(r"[^A-Za-z0-9@._+-]+")
BINARY = "application/octet-stream"


class Assets:
    """The handlers that move bytes; REST knows who may."""

    def __init__(self, world: World, rest: Rest) -> None:
        self._world = world
        self._rest = rest

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """Take a file for a release."""
        token = None
        try:
            token = self._rest.who(request)
            call = self._rest.call(request, token, {}, writes=True)
            release = await asyncio.to_thread(self._world.github.releases.find, call.repository, call.number("id"))
            if release is None:
                raise NOT_FOUND
            kept = await self._take(request, release)
            reply = Reply(shapes.asset(call.repository, release, kept), 201)
        except ApiError as error:
            reply = Reply(error.document(""), error.status)
        return self._rest.respond(reply, signed_in=token is not None, writes=True)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Send the bytes that an address of the API or of the site led to."""
        found = await asyncio.to_thread(self._by_digest, request)
        if found is None:
            raise web.HTTPNotFound
        self._world.github.releases.count_download(found)
        headers = {"Content-Type": found.kind, "Content-Disposition": f"attachment; filename={found.name}"}
        return SentFile(self._world.github.releases.place(found), headers)

    async def from_site(self, request: web.Request) -> web.StreamResponse:
        """Lead from the address on a release's page to the bytes; `latest` stands for a tag."""
        values, state = request.match_info, self._world.github
        repository = state.repositories.find(values["owner"], values["name"])
        if repository is None:
            raise web.HTTPNotFound
        tag = values.get("tag")
        release = state.releases.of_tag(repository, tag) if tag else state.releases.latest(repository)
        files = state.releases.assets(release) if release else []
        asset = next((each for each in files if each.name == values["file"]), None)
        if asset is None:
            raise web.HTTPNotFound
        raise web.HTTPFound(address_of(repository.id, asset))

    def _by_digest(self, request: web.Request) -> Asset | None:
        releases, (number, _, digest) = self._world.github.releases, request.match_info["asset"].partition("-")
        found = releases.asset_by_id(int(number)) if number.isascii() and number.isdecimal() and len(number) < 19 else None
        return found if found and found.sha256 == digest and releases.place(found).is_file() else None

    async def _take(self, request: web.Request, release: Release) -> Asset:
        """Read the body and keep it; ApiError when it is not as it should be."""
        name = _clean(request.query.get("name", ""))
        if not name:
            raise invalid("ReleaseAsset", {"code": "missing_field", "field": "name"})
        if request.content_length is None:
            raise ApiError(400, "Bad Content-Length: ")
        # What is left of it when the twin is killed, the next one sweeps out of that folder.
        with tempfile.NamedTemporaryFile(dir=self._world.store.folder / "incoming", delete=False) as file:
            path = Path(file.name)
        try:
            size, digest = await _receive(request, path)
            kind = request.headers.get("Content-Type", BINARY)
            made = Asset(0, release.id, name, request.query.get("label", ""), kind, size, digest, 0, self._world.clock(), BOT)
            return await asyncio.to_thread(self._world.github.releases.add_asset, made, path)
        except sqlite3.IntegrityError as error:
            raise already_exists("ReleaseAsset", "name") from error
        except UnicodeEncodeError as error:
            raise ApiError(400, "Bad Request") from error
        finally:
            await asyncio.to_thread(path.unlink, missing_ok=True)


async def _receive(request: web.Request, target: Path) -> tuple[int, str]:
    """Write the body to TARGET; return its size and SHA-256. ApiError when it is empty, too long, or breaks off."""
    size, digest = 0, hashlib.sha256()
    with target.open("wb") as file, suppress(web.RequestPayloadError, TimeoutError):
        while size <= MOST:
            async with patience():
                piece = await request.content.read(PIECE)
            if not piece:
                break
            size += len(piece)
            digest.update(piece)
            file.write(piece)
    if size > MOST:
        raise invalid("ReleaseAsset", custom(f"size must be less than or equal to {MOST}", "size"))
    if not size:
        raise invalid("ReleaseAsset", custom("size must be greater than or equal to 1", "size"))
    if size != request.content_length:
        raise ApiError(400, "Bad Content-Length: ")
    return size, digest.hexdigest()


def _clean(name: str) -> str:
    dotted = ODD.sub(".", name)
    return f"default{dotted}" if dotted.startswith(".") else dotted


def address_of(repository: int, asset: Asset) -> str:
    """Return where the bytes of ASSET are; nobody guesses it."""
    return f"https://{GITHUB_ASSETS}/github-production-release-asset/{repository}/{asset.id}-{asset.sha256}"


def _found(call: Call) -> tuple[Release, Asset]:
    found = call.world.github.releases.asset(call.repository, call.number("id"))
    if found is None or (found[0].draft and not call.may_write):
        raise NOT_FOUND
    return found


def _list(call: Call) -> Reply:
    release = call.world.github.releases.find(call.repository, call.number("id"))
    if release is None or (release.draft and not call.may_write):
        raise NOT_FOUND
    page = page_of(call, call.world.github.releases.assets(release))
    return replace(page, body=[shapes.asset(call.repository, release, asset) for asset in page.body])


def _get(call: Call) -> Reply:
    release, asset = _found(call)
    if BINARY in call.accept:
        return Reply(None, 302, {"Location": address_of(call.repository.id, asset)})
    return Reply(shapes.asset(call.repository, release, asset))


def _delete(call: Call) -> Reply:
    call.world.github.releases.delete_asset(_found(call)[1])
    return Reply(None, 204)


REPO = "/repos/{owner}/{repo}"
ENDPOINTS = (
    Endpoint("GET", f"{REPO}/releases/{{id:[0-9]+}}/assets", _list, f"{DOCS}#list-release-assets"),
    Endpoint("GET", f"{REPO}/releases/assets/{{id:[0-9]+}}", _get, f"{DOCS}#get-a-release-asset"),
    Endpoint("DELETE", f"{REPO}/releases/assets/{{id:[0-9]+}}", _delete, f"{DOCS}#delete-a-release-asset", writes=True),
)
