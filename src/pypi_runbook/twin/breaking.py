"""What a fault does to the request, or to the connection, that meets it."""

from __future__ import annotations

import asyncio
import functools
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from http import HTTPStatus

import trustme
from aiohttp import web

from pypi_runbook.twin.answers import WHOLE, SentFile, refusal
from pypi_runbook.twin.faults import READS, SITE_OF, UPLOADS, Fault
from pypi_runbook.twin.hosts import HOSTS
from pypi_runbook.twin.world import World

PATIENCE = 0.3
PAUSE = 0.05
CUT, LOST = "the connection was cut", "the file was taken, and the connection was cut before the answer"


async def broken(world: World, request: web.Request, host: str, handle: Callable[[], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
    """Return what HANDLE answers to REQUEST for HOST, or what becomes of that under the fault that the request meets."""
    fault = world.faults.take(SITE_OF.get(host), _kind(request), request.path)
    if fault is None:
        return await handle()
    if fault.name in ("outage", "too-many-requests"):
        return _error(request, fault)
    if fault.name == "slow":
        await _wait(world, fault)
        return await handle()
    if fault.name == "lost-answer" and fault.met > 1:
        return _drop(request, CUT)
    if fault.name == "cut" and request.can_read_body:
        return await _cut_upload(request, int(fault["bytes"]))
    # Somebody else's file would be handed on while it arrives, past this function.
    token = WHOLE.set(True)
    try:
        answer = await handle()
    finally:
        WHOLE.reset(token)
    if fault.name == "lost-answer":
        return _drop(request, LOST if answer.status < 400 else CUT)
    return await (_cut_answer if fault.name == "cut" else _trickle)(request, answer, fault)


async def _wait(world: World, fault: Fault) -> None:
    """Wait as long as FAULT says, unless it is cleared meanwhile."""
    limit = time.monotonic() + fault["seconds"]
    # Another thread may clear it, so there is no event of this loop to wait for.
    while (rest := limit - time.monotonic()) > 0 and world.faults.is_on(fault):  # noqa: ASYNC110
        await asyncio.sleep(min(rest, PAUSE))


def distrust(world: World, tls: ssl.SSLContext) -> None:
    """Let new connections under TLS meet a certificate that no client trusts, while that fault is on in WORLD."""

    def choose(connection: ssl.SSLObject, host: str | None, _: ssl.SSLContext) -> None:
        site = SITE_OF.get(host or "")
        if site and world.faults.ask("bad-certificate", site):
            connection.context = _stranger()

    tls.sni_callback = choose


@functools.cache
def _stranger() -> ssl.SSLContext:
    """Return a context for the same hosts, from an authority that nobody has heard of."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(*HOSTS).configure_cert(context)
    return context


def _kind(request: web.Request) -> str | None:
    if request.method in ("GET", "HEAD"):
        return READS
    return UPLOADS if request.path == "/legacy/" else None


def _error(request: web.Request, fault: Fault) -> web.Response:
    if fault.name == "outage":
        status = int(fault["status"])
        return refusal(request, status, HTTPStatus(status).phrase)
    return refusal(request, 429, "Too Many Requests", {"Retry-After": f"{fault['seconds']:.0f}"})


async def _cut_upload(request: web.Request, limit: int) -> web.StreamResponse:
    """Read LIMIT bytes of the body, then drop the connection.

    A client that tries again by itself may have nothing left to send.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while limit > 0 and (data := await request.content.read(limit)):
                limit -= len(data)
    return _drop(request, CUT)


async def _cut_answer(request: web.Request, answer: web.StreamResponse, fault: Fault) -> web.StreamResponse:
    """Promise all of ANSWER, send the fault's number of bytes of it, then drop the connection."""
    short = await _begin(request, answer)
    await short.write(next(_pieces(answer, int(fault["bytes"])), b""))
    return _drop(request, CUT)


async def _trickle(request: web.Request, answer: web.StreamResponse, fault: Fault) -> web.StreamResponse:
    """Send ANSWER piece by piece."""
    slow = await _begin(request, answer)
    for piece in _pieces(answer, max(1, int(fault["bytes"]))):
        await slow.write(piece)
        await asyncio.sleep(fault["seconds"])
    return slow


async def _begin(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    """Send ANSWER's head, as if its body were to follow."""
    begun = web.StreamResponse(status=answer.status, reason=answer.reason, headers=answer.headers)
    begun.content_length = answer.place.stat().st_size if isinstance(answer, SentFile) else len(_body(answer))
    await begun.prepare(request)
    return begun


def _pieces(answer: web.StreamResponse, size: int) -> Iterator[bytes]:
    if isinstance(answer, SentFile):
        with answer.place.open("rb") as file:
            while piece := file.read(size):
                yield piece
        return
    body = _body(answer)
    yield from (body[start : start + size] for start in range(0, len(body), size))


def _body(answer: web.StreamResponse) -> bytes:
    body = answer.body if isinstance(answer, web.Response) else None
    return body if isinstance(body, bytes) else b""


def _drop(request: web.Request, reason: str) -> web.StreamResponse:
    if request.transport:
        request.transport.abort()
    return web.Response(status=499, reason=reason)
