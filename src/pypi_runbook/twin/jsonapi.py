"""The JSON API of one index: what Poetry asks for each version, and twine before it skips a file.

Its shape is that of PyPI's `warehouse/legacy/api/json.py`. Where the upstream has no JSON API of its own, the answer is made
from its simple index and the metadata in its files.
"""

from __future__ import annotations

import asyncio
import tarfile
from pathlib import Path
from typing import Any

from aiohttp import web
from packaging.metadata import RawMetadata, parse_email
from packaging.utils import canonicalize_name
from packaging.version import Version

from pypi_runbook.twin.answers import CORS, cacheable, compact
from pypi_runbook.twin.catalog import Catalog
from pypi_runbook.twin.listing import Listed, file_url, of_version, version_key, versions

TEXTS = ("author", "author_email", "description", "description_content_type", "download_url", "home_page", "license", "license_expression")
MORE_TEXTS = ("maintainer", "maintainer_email", "requires_python", "summary")
LISTS = ("dynamic", "license_files", "provides_extra", "requires_dist")
NOT_FOUND = b'{"message": "Not Found"}'
NOT_COUNTED = {"last_day": -1, "last_week": -1, "last_month": -1}


class JsonApi:
    """`/pypi/<name>/json` and `/pypi/<name>/<version>/json` of one index."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer for a project, or for one of its versions."""
        spelled = request.match_info["name"]
        name, wanted = canonicalize_name(spelled), request.match_info.get("version")
        # Caches hold the project's page; the one of a new version is new to them too.
        listing = await self._catalog.listing(name, cached=wanted is None)
        own = self._catalog.is_own(name)
        known = sorted(self._catalog.releases(name, cached=wanted is None), key=version_key) if own else versions(listing, name)
        version = _the_same(known, wanted) if wanted else latest(known, listing, name)
        if version is None:
            return web.Response(status=404, body=NOT_FOUND, content_type="application/json", headers=CORS)
        if spelled != name:
            raise web.HTTPMovedPermanently(request.path_qs.replace(f"/pypi/{spelled}/", f"/pypi/{name}/", 1), headers=CORS)
        files = of_version(listing, name, version)
        serial = self._catalog.serial(name)
        content = {"info": await self._info(name, version, files), "last_serial": serial}
        content |= {} if wanted else {"releases": {each: self._urls(of_version(listing, name, each)) for each in known}}
        content |= {"urls": self._urls(files), "vulnerabilities": [], "ownership": self._ownership(name)}
        headers = {"Cache-Control": "max-age=900, public", "Vary": "Accept-Encoding", "X-PyPI-Last-Serial": str(serial)}
        return cacheable(request, compact(content) + b"\n", "application/json", {**headers, **CORS})

    def _ownership(self, name: str) -> dict[str, Any]:
        known = self._catalog.world.store.project(self._catalog.index.name, name)
        roles = [{"role": role, "user": user} for role, user in self._catalog.owners(name)]
        return {"roles": roles, "organization": known.organization if known else None}

    async def _info(self, name: str, version: str, files: list[Listed]) -> dict[str, Any]:
        raw: dict[str, Any] = dict(await self._metadata(files))
        shown = self._catalog.shown_name(name) or raw.get("name", name)
        project = f"https://{self._catalog.index.host}/project/{shown}/"
        info: dict[str, Any] = {field: raw.get(field) for field in (*TEXTS, *MORE_TEXTS)}
        info |= {field: raw.get(field) or None for field in LISTS} | {"classifiers": raw.get("classifiers", [])}
        info |= {"name": shown, "version": version, "project_urls": project_urls(raw) or None}
        info |= {"keywords": ", ".join(raw.get("keywords", [])) or None, "platform": next(iter(raw.get("platforms", [])), None)}
        info |= {"downloads": NOT_COUNTED, "docs_url": None, "bugtrack_url": None}
        info |= {"package_url": project, "project_url": project, "release_url": f"{project}{version}/"}
        yanked = [item.yanked for item in files if item.yanked is not None]
        return info | {"yanked": bool(files) and len(yanked) == len(files), "yanked_reason": next(filter(None, yanked), None)}

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
        metadata = {"sha256": item.metadata_sha256} if item.metadata_sha256 else item.metadata_sha256 is not None
        comment = own.metadata.get("comment", [""])[0] if own else ""
        return {
            "comment_text": comment or None,
            "core-metadata": metadata,
            "digests": digests,
            "downloads": -1,
            "filename": item.filename,
            "has_sig": False,
            "md5_digest": own.md5 if own else None,
            "packagetype": "bdist_wheel" if item.is_wheel else "sdist",
            "python_version": _python_version(item.filename),
            "requires_python": item.requires_python or None,
            "size": item.size or 0,
            "upload_time": item.uploaded[:19],
            "upload_time_iso_8601": item.uploaded,
            "url": file_url(self._catalog.index.files_host, item),
            "yanked": item.yanked is not None,
            "yanked_reason": item.yanked or None,
        }


def latest(known: list[str], listing: list[Listed], project: str) -> str | None:
    """Return the version that stands for PROJECT: not yanked before yanked, final before pre-release, then the newest."""

    def rank(version: str) -> tuple[bool, bool, tuple[bool, Version]]:
        files = of_version(listing, project, version)
        yanked = bool(files) and all(item.yanked is not None for item in files)
        try:
            early = Version(version).is_prerelease
        except ValueError:
            early = True
        return (not yanked, not early, version_key(version))

    return max(known, key=rank, default=None)


def project_urls(raw: dict[str, Any]) -> dict[str, str]:
    """Return the addresses that the metadata RAW name, home page and download first, as PyPI lists them."""
    found = {label: raw[field] for label, field in (("Homepage", "home_page"), ("Download", "download_url")) if raw.get(field)}
    for label, url in raw.get("project_urls", {}).items():
        # A label is compared without its punctuation and case (PEP 753).
        plain = "".join(letter for letter in label.lower() if letter.isalnum())
        if found.get({"homepage": "Homepage", "downloadurl": "Download"}.get(plain, "")) != url:
            found[label] = url
    return found


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


def _the_same(known: list[str], wanted: str) -> str | None:
    """Return the version of KNOWN that WANTED spells, or None."""
    found = version_key(wanted)
    return next((each for each in known if found[0] and version_key(each) == found), None)


def _python_version(filename: str) -> str:
    return filename.split("-")[-3] if filename.endswith(".whl") and filename.count("-") >= 4 else "source"
