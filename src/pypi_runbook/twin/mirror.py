"""Everybody else's packages: read through from the upstream, kept on disk, served from there when the upstream is gone.

The folder is shared by every twin of this user: files are written beside their place and moved there when they are whole.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
import os
import re
import tempfile
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import ClientError
from packaging.utils import canonicalize_name

from pypi_runbook.rules.form import NAME
from pypi_runbook.twin.download import Download, Fetcher
from pypi_runbook.twin.listing import Listed
from pypi_runbook.twin.pages import read_page
from pypi_runbook.twin.upstream import Upstream

FRESH_SECONDS = 600
DOWN_SECONDS = 30
ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"


class Unreachable(Exception):  # noqa: N818 (what the upstream is)
    """The upstream does not answer, and what was asked for was never kept."""


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Return where the outer user's twins keep what they read through."""
    if chosen := environment.get("PYPI_RUNBOOK_CACHE"):
        return Path(chosen)
    home = Path(environment.get("HOME") or Path.home())
    return Path(environment.get("XDG_CACHE_HOME") or home / ".cache") / "pypi-runbook"


class Mirror:
    """Reads project pages, metadata and files through FOLDER from UPSTREAM; never from outside when OFFLINE."""

    def __init__(self, folder: Path, upstream: Upstream, *, offline: bool = False) -> None:
        self._folder = folder
        self._upstream = upstream
        self._offline = offline
        self._fetcher = Fetcher(upstream)
        key = hashlib.sha256("\n".join(upstream.indexes).encode()).hexdigest()[:16]
        self._pages = folder / "pages" / key
        self._files = folder / "files"
        self._locks: dict[str, asyncio.Lock] = {}
        self._listings: dict[str, tuple[float, list[Listed]]] = {}
        self._by_path: dict[str, Listed] = {}
        self._downloads: dict[str, Download] = {}
        self._down: dict[str, float] = {}
        self._without_metadata: set[str] = set()

    async def close(self) -> None:
        """End what is under way."""
        for download in list(self._downloads.values()):
            await download.cancel()
        await self._fetcher.close()

    async def listing(self, project: str) -> list[Listed]:
        """Return the files of PROJECT (normalized), empty when the upstream does not know it; Unreachable when nobody can tell."""
        if not NAME.fullmatch(project):
            return []
        fetched, listing = self._listings.get(project, (0.0, []))
        if time.time() - fetched < FRESH_SECONDS:
            return listing
        async with self._locks.setdefault(f"page {project}", asyncio.Lock()):
            if self._listings.get(project, (0.0, []))[0] == fetched:
                self._remember(project, *await self._read(project))
        return self._listings[project][1]

    async def find(self, path: str) -> Listed | None:
        """Return the file that is served at PATH, from a page read before or from the page of the project in its name."""
        if path in self._by_path:
            return self._by_path[path]
        for project in _projects(path.rsplit("/", 1)[-1]):
            await self.listing(project)
            if path in self._by_path:
                return self._by_path[path]
        return None

    def kept(self, item: Listed) -> Path | None:
        """Return where ITEM's bytes lie, or None when they have to be fetched."""
        place = self._place(item)
        return place if place.is_file() else None

    def download(self, item: Listed) -> Download:
        """Start to fetch ITEM, or join who fetches it already."""
        if self._offline and not item.url.startswith("file:"):
            raise Unreachable(f"the twin is offline and has not kept {item.filename}")
        download = self._downloads.get(item.path)
        if download is None:
            download = self._downloads[item.path] = Download(self._fetcher, item, self._place(item))
            download.task.add_done_callback(lambda _: self._downloads.pop(item.path, None))
        return download

    async def file(self, item: Listed) -> Path:
        """Return where ITEM's bytes lie, after fetching them if needed."""
        if place := self.kept(item):
            return place
        return await self.download(item).whole()

    async def metadata(self, item: Listed) -> bytes | None:
        """Return a wheel's METADATA: kept, or the upstream's, or read from the wheel; None when it has none."""
        place = self._place(item).with_name(f"{item.filename}.metadata")
        async with self._locks.setdefault(f"metadata {item.path}", asyncio.Lock()):
            if place.is_file():
                return place.read_bytes()
            content = None if self.kept(item) else await self._upstream_metadata(item)
            if content is None:
                content = await asyncio.to_thread(wheel_metadata, await self.file(item))
            if content is not None:
                write_whole(place, content)
        return content

    async def _upstream_metadata(self, item: Listed) -> bytes | None:
        host = urlsplit(item.url).netloc
        if self._offline or not item.url.startswith("http") or (item.metadata_sha256 is None and host in self._without_metadata):
            return None
        try:
            status, content, _ = await self._fetcher.get(f"{item.url}.metadata")
        except (OSError, ClientError, TimeoutError):
            return None
        if status != 200 or not content.startswith(b"Metadata-Version"):
            self._without_metadata.add(host)
            return None
        is_right = not item.metadata_sha256 or hashlib.sha256(content).hexdigest() == item.metadata_sha256
        return content if is_right else None

    def _place(self, item: Listed) -> Path:
        digest = item.sha256 or hashlib.sha256(item.url.encode()).hexdigest()
        return self._files / digest[:2] / digest / item.filename

    def _remember(self, project: str, fetched: float, listing: list[Listed]) -> None:
        self._listings[project] = (fetched, listing)
        self._by_path.update({item.path: item for item in listing})

    async def _read(self, project: str) -> tuple[float, list[Listed]]:
        """Return a page's time and files: the kept one while it is fresh or nothing newer can be had."""
        place = self._pages / f"{project}.json"
        kept = _load(place)
        if kept and (self._offline or time.time() - kept[0] < FRESH_SECONDS):
            return time.time() if self._offline else kept[0], kept[1]
        try:
            listing = await self._fetch(project)
        except Unreachable:
            if not kept:
                raise
            # Asked again after a while, not with every request.
            return time.time() - FRESH_SECONDS + DOWN_SECONDS, kept[1]
        # An empty page is kept too: offline, a name that does not exist must stay one that does not exist.
        content = {"fetched": time.time(), "files": [dataclasses.asdict(item) for item in listing]}
        write_whole(place, json.dumps(content).encode())
        return time.time(), listing

    async def _fetch(self, project: str) -> list[Listed]:
        """Return PROJECT's files from all indexes; a file name belongs to the first index that lists it."""
        found: dict[str, Listed] = {}
        problem = ""
        for index in self._upstream.indexes:
            try:
                for item in await self._fetch_from(index, project):
                    found.setdefault(item.filename, item)
            except (OSError, ClientError, TimeoutError, ValueError, KeyError) as error:
                problem = f"{urlsplit(index).netloc or index}: {error or type(error).__name__}"
        if problem and not found:
            raise Unreachable(f"the twin has not kept {project} and cannot read it now: {problem}")
        return list(found.values())

    async def _fetch_from(self, index: str, project: str) -> list[Listed]:
        address = f"{index}/{project}/"
        if index.startswith("file:"):
            return await asyncio.to_thread(_read_folder, address)
        host = urlsplit(index).netloc
        if self._offline:
            raise OSError("the twin is offline")
        if time.monotonic() < self._down.get(host, 0):
            raise OSError("no answer a moment ago")
        try:
            status, body, kind = await self._fetcher.get(address, ACCEPT)
        except (OSError, ClientError, TimeoutError):
            self._down[host] = time.monotonic() + DOWN_SECONDS
            raise
        if status == 404:
            return []
        if status != 200:
            raise OSError(f"status {status}")
        return read_page(body.decode("utf-8", "replace"), kind, address)


def wheel_metadata(path: Path) -> bytes | None:
    """Return the METADATA in the wheel at PATH, or None."""
    try:
        with zipfile.ZipFile(path) as wheel:
            name = next((name for name in wheel.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)), None)
            return wheel.read(name) if name else None
    except (zipfile.BadZipFile, OSError):
        return None


def write_whole(place: Path, content: bytes) -> None:
    """Write a file so that other processes see all of it or nothing."""
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=".part-")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(name).replace(place)


def _load(place: Path) -> tuple[float, list[Listed]] | None:
    try:
        content = json.loads(place.read_bytes())
        return content["fetched"], [Listed(**file) for file in content["files"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _read_folder(address: str) -> list[Listed]:
    page = Path(urlsplit(address).path, "index.html")
    return read_page(page.read_text(encoding="utf-8"), "text/html", address) if page.is_file() else []


def _projects(filename: str) -> list[str]:
    """Return the projects whose file FILENAME may be, the likeliest first."""
    stem = re.sub(r"(\.tar\.gz|\.zip|\.tar\.bz2|\.tgz)$", "", filename)
    if filename.endswith((".whl", ".egg")):
        return [canonicalize_name(filename.split("-", 1)[0])]
    return [canonicalize_name(stem[: match.start()]) for match in re.finditer(r"-(?=\d)", stem)]
