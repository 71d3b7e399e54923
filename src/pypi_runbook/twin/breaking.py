"""What a fault does to the request that meets it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from pypi_runbook.twin import hosts
from pypi_runbook.twin.answers import SentFile, refusal
from pypi_runbook.twin.faults import Fault
from pypi_runbook.twin.world import World

INDEX_OF = {host: index.name for index in hosts.INDEXES.values() for host in (index.host, index.upload_host, index.files_host)}


async def broken(world: World, request: web.Request, host: str, handle: Callable[[], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
    """Return what HANDLE answers to REQUEST for HOST, or what becomes of that under the fault that the request meets."""
    fault = world.faults.take(INDEX_OF.get(host))
    if fault and fault.name in ("outage", "too-many-requests"):
        return _fault_answer(request, fault)
    if fault and fault.name == "slow":
        await asyncio.sleep(fault["seconds"])
    if fault and fault.name == "cut" and request.can_read_body:
        return await _cut_upload(request, int(fault["bytes"]))
    answer = await handle()
    return await _cut_answer(request, answer, int(fault["bytes"])) if fault and fault.name == "cut" else answer


def _fault_answer(request: web.Request, fault: Fault) -> web.Response:
    if fault.name == "outage":
        return refusal(request, 503, "Service Unavailable")
    return refusal(request, 429, "Too Many Requests", {"Retry-After": str(int(fault["seconds"]))})


async def _cut_upload(request: web.Request, limit: int) -> web.StreamResponse:
    """Read LIMIT bytes of the body, then drop the connection."""
    while limit > 0 and (data := await request.content.read(limit)):
        limit -= len(data)
    return _drop(request)


async def _cut_answer(request: web.Request, answer: web.StreamResponse, limit: int) -> web.StreamResponse:
    """Promise all of ANSWER, send LIMIT bytes of it, then drop the connection."""
    body = answer.place.read_bytes() if isinstance(answer, SentFile) else answer.body if isinstance(answer, web.Response) else b""
    data = body if isinstance(body, bytes) else b""
    short = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.content_type})
    short.content_length = len(data)
    await short.prepare(request)
    await short.write(data[:limit])
    return _drop(request)


def _drop(request: web.Request) -> web.StreamResponse:
    if request.transport:
        request.transport.abort()
    return web.Response(status=499, reason="the connection was cut")
