"""Fetching from the upstream: pages at once, files piece by piece, so that a client need not wait for the last one."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector

from pypi_runbook.twin.listing import Listed
from pypi_runbook.twin.upstream import Upstream

PIECE = 256 * 1024
TIMEOUT = ClientTimeout(total=None, sock_connect=15, sock_read=60)


class Fetcher:
    """HTTP to the upstream, with the outer machine's proxies and authorities."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._session: ClientSession | None = None

    @property
    def session(self) -> ClientSession:
        """The session, made when it is first needed: authorities take a moment to load."""
        if self._session is None:
            connector = TCPConnector(ssl=self._upstream.tls(), limit=16)
            self._session = ClientSession(connector=connector, trust_env=True, timeout=TIMEOUT)
        return self._session

    @property
    def proxy(self) -> str | None:
        """The proxy in pip's settings; those in the environment are found by the session itself."""
        return self._upstream.proxy

    async def get(self, url: str, accept: str = "*/*") -> tuple[int, bytes, str]:
        """Return status, body and content type of URL; asks once more when the connection broke."""
        for last in (False, True):
            try:
                async with self.session.get(url, headers={"Accept": accept}, proxy=self.proxy) as answer:
                    return answer.status, await answer.read(), answer.content_type
            except (OSError, ClientError):
                if last:
                    raise
        raise AssertionError

    async def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()


class Download:
    """One file on its way from the upstream to its PLACE; any number of readers follow it."""

    def __init__(self, fetcher: Fetcher, item: Listed, place: Path) -> None:
        self._fetcher = fetcher
        self._item = item
        self._place = place
        self._written = 0
        self._finished = False
        self._grown = asyncio.Condition()
        self._started = asyncio.Event()
        self._part: Path | None = None
        self._problem: str | None = None
        self.length: int | None = None
        self.task = asyncio.create_task(self._run())

    async def started(self) -> None:
        """Wait until the length is known; raise an OSError when the upstream refuses."""
        await self._started.wait()
        if self._problem:
            raise OSError(self._problem)

    async def whole(self) -> Path:
        """Wait for all of it and return its place; raise an OSError when it did not arrive."""
        await asyncio.shield(self.task)
        if self._problem:
            raise OSError(self._problem)
        return self._place

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the bytes as they arrive; raise an OSError when they end too early or are not the promised ones."""
        await self.started()
        with (self._part or self._place).open("rb") as file:
            while True:
                async with self._grown:
                    while file.tell() >= self._written and not self._finished:
                        await self._grown.wait()
                if not (data := file.read(PIECE)):
                    break
                yield data
        if self._problem:
            raise OSError(self._problem)

    async def cancel(self) -> None:
        """Stop, and leave nothing behind."""
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task

    async def _run(self) -> None:
        self._place.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._place.parent, prefix=".part-")
        self._part = part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                digest = await self._copy(file.fileno())
            self._settle(part, digest)
        except (OSError, ClientError, TimeoutError) as error:
            self._problem = str(error) or type(error).__name__
        finally:
            self._discard(part)
            self._part, self._finished = None, True
            self._started.set()
            async with self._grown:
                self._grown.notify_all()

    def _settle(self, part: Path, digest: str) -> None:
        if self._item.sha256 and digest != self._item.sha256:
            raise OSError(f"the upstream's {self._item.filename} has another hash than its index says")
        part.replace(self._place)

    @staticmethod
    def _discard(part: Path) -> None:
        part.unlink(missing_ok=True)

    async def _copy(self, target: int) -> str:
        """Copy the bytes to the file descriptor TARGET and return their SHA-256."""
        hasher = hashlib.sha256()
        async for data in self._source():
            hasher.update(data)
            os.write(target, data)
            async with self._grown:
                self._written += len(data)
                self._grown.notify_all()
        return hasher.hexdigest()

    async def _source(self) -> AsyncIterator[bytes]:
        if self._item.url.startswith("file:"):
            data = await asyncio.to_thread(Path(unquote(urlsplit(self._item.url).path)).read_bytes)
            self.length = len(data)
            self._started.set()
            yield data
            return
        headers = {"Accept-Encoding": "identity"}
        async with self._fetcher.session.get(self._item.url, headers=headers, proxy=self._fetcher.proxy) as answer:
            if answer.status != 200:
                raise OSError(f"the upstream answers {answer.status} for {self._item.filename}")
            self.length = answer.content_length
            self._started.set()
            async for piece in answer.content.iter_chunked(PIECE):
                yield piece
