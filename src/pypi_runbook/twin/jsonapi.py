"""The JSON API of one index: what Poetry asks for each version, and twine before it skips a file.

Where the upstream has no JSON API of its own, the answer is made from its simple index and the metadata in its files.
"""

from __future__ import annotations

import asyncio
import tarfile
from pathlib import Path
from typing import Any

from aiohttp import web
from packaging.metadata import RawMetadata, parse_email
from packaging.utils import canonicalize_name

from pypi_runbook.twin.answers import document, not_found
from pypi_runbook.twin.catalog import Catalog
from pypi_runbook.twin.listing import Listed, file_url, of_version, versions

TEXTS = ("author", "author_email", "description", "description_content_type", "download_url", "home_page", "license", "license_expression")
MORE_TEXTS = ("maintainer", "maintainer_email", "requires_python", "summary")
LISTS = ("classifiers", "dynamic", "license_files", "provides_extra", "requires_dist")


class JsonApi:
    """`/pypi/<name>/json` and `/pypi/<name>/<version>/json` of one index."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer for a project, or for one of its versions."""
        name = canonicalize_name(request.match_info["name"])
        listing = await self._catalog.listing(name)
        known = versions(listing, name)
        wanted = request.match_info.get("version")
        files = of_version(listing, name, wanted or (known[-1] if known else ""))
        if not files:
            return not_found(request)
        version = files[0].version(name)
        content = {"info": await self._info(name, version, files), "last_serial": self._catalog.serial()}
        content |= {} if wanted else {"releases": {each: self._urls(of_version(listing, name, each)) for each in known}}
        content |= {"urls": self._urls(files), "vulnerabilities": [], "ownership": {"roles": [], "organization": None}}
        return document(content, headers={"Cache-Control": "max-age=900, public", "Access-Control-Allow-Origin": "*"})

    async def _info(self, name: str, version: str, files: list[Listed]) -> dict[str, Any]:
        raw: dict[str, Any] = dict(await self._metadata(files))
        site = f"https://{self._catalog.index.host}"
        info: dict[str, Any] = {field: raw.get(field) for field in (*TEXTS, *MORE_TEXTS)}
        info |= {field: raw.get(field) for field in LISTS} | {"classifiers": raw.get("classifiers", [])}
        info |= {"name": raw.get("name", name), "version": raw.get("version", version)}
        info |= {"keywords": ",".join(raw.get("keywords", [])) or None, "project_urls": raw.get("project_urls") or None}
        info |= {"package_url": f"{site}/project/{name}/", "project_url": f"{site}/project/{name}/"}
        info |= {"release_url": f"{site}/project/{name}/{version}/", "yanked": all(item.yanked is not None for item in files)}
        return info | {"yanked_reason": next((item.yanked for item in files if item.yanked), None)}

    async def _metadata(self, files: list[Listed]) -> RawMetadata:
        """Return the metadata of a version: a wheel's if there is one, else what the sdist says of itself."""
        wheels = sorted((item for item in files if item.is_wheel), key=lambda item: ("-any." not in item.filename, item.filename))
        content = await self._catalog.metadata(wheels[0]) if wheels else None
        sdist = next((item for item in files if item.filename.endswith((".tar.gz", ".tgz"))), None)
        if content is None and sdist is not None:
            place = await self._catalog.world.mirror.file(sdist) if sdist.url else self._catalog.place(sdist.filename)
            content = await asyncio.to_thread(sdist_metadata, place) if place else None
        return parse_email(content)[0] if content else {}

    def _urls(self, files: list[Listed]) -> list[dict[str, Any]]:
        return [self._url(item) for item in files]

    def _url(self, item: Listed) -> dict[str, Any]:
        own = self._catalog.world.store.file(self._catalog.index.name, item.filename) if not item.url else None
        digests = {"sha256": item.sha256} | ({"md5": own.md5, "blake2b_256": own.blake2_256} if own else {})
        return {
            "comment_text": None,
            "digests": digests,
            "downloads": -1,
            "filename": item.filename,
            "has_sig": False,
            "packagetype": "bdist_wheel" if item.is_wheel else "sdist",
            "python_version": item.filename.split("-")[-3] if item.is_wheel and item.filename.count("-") >= 4 else "source",
            "requires_python": item.requires_python or None,
            "size": item.size or 0,
            "upload_time": item.uploaded[:19],
            "upload_time_iso_8601": item.uploaded,
            "url": file_url(self._catalog.index.files_host, item),
            "yanked": item.yanked is not None,
            "yanked_reason": item.yanked or None,
        }


def sdist_metadata(path: Path) -> bytes | None:
    """Return the PKG-INFO at the top of the sdist at PATH, or None."""
    try:
        with tarfile.open(path) as sdist:
            for member in sdist:
                parts = member.name.removeprefix("./").split("/")
                if len(parts) == 2 and parts[1] == "PKG-INFO" and (file := sdist.extractfile(member)):
                    return file.read()
    except (tarfile.TarError, OSError, EOFError):
        return None
    return None
