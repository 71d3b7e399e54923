"""What is read before a handler starts: every body but an upload's, within limits of size and patience."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

from aiohttp import web

STALL_SECONDS = 60.0
# Uploads, packs of git, and the files of a release are streamed by their own handlers.
STREAMED = re.compile(r"/legacy/|/[^/]+/[^/]+/git-(?:upload|receive)-pack|/repos/[^/]+/[^/]+/releases/[0-9]+/assets")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def patience() -> asyncio.Timeout:
    """Return the block in which a client has to send something; TimeoutError when it does not."""
    return asyncio.timeout(STALL_SECONDS)


@web.middleware
async def read_body(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Read a small body whole, so that no handler waits for a client; answer 408 when it does not come, 400 when it is broken."""
    if request.can_read_body and not STREAMED.fullmatch(request.path):
        try:
            async with patience():
                await request.read()
        except TimeoutError as error:
            raise web.HTTPRequestTimeout from error
        except web.RequestPayloadError as error:
            raise web.HTTPBadRequest from error
    return await handler(request)
