"""The local face: plain HTTP on loopback, at the tunnel's own port, for what stands behind no public address.

There the commands of this product speak with the twin around them, and a workflow's job asks GitHub for its identity.
"""

from __future__ import annotations

import asyncio
import hmac
from typing import Any

from aiohttp import web

from pypi_runbook.errors import RunbookError
from pypi_runbook.twin.control import perform
from pypi_runbook.twin.trusted.routes import add_job_identity
from pypi_runbook.twin.world import World


def make_local(world: World) -> web.Application:
    """Return the application of the local face."""
    app = web.Application()
    app.router.add_post("/control/{secret}/{action}", Control(world).handle)
    add_job_identity(app, world)
    return app


class Control:
    """Actions on the world, for whoever was given the twin's secret with its environment."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle(self, request: web.Request) -> web.Response:
        """Perform one action with the JSON object that REQUEST holds."""
        if not hmac.compare_digest(request.match_info["secret"].encode(), self._world.secret.encode()):
            return web.json_response({"error": {"id": "not-allowed", "message": "this is not the twin's secret"}}, status=403)
        try:
            arguments: Any = await request.json()
            if not isinstance(arguments, dict):
                raise ValueError("not an object")
            return web.json_response(await asyncio.to_thread(perform, self._world, request.match_info["action"], arguments))
        except RunbookError as error:
            return web.json_response(error.as_json(), status=400 if error.id == "bad-arguments" else 422)
        except (ValueError, RecursionError) as error:
            return web.json_response({"error": {"id": "bad-arguments", "message": f"the action cannot be read: {error}"}}, status=400)
