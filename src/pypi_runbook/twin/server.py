"""The server: one event loop in one thread, TLS for the twin's hosts, the tunnel beside it, both on loopback only."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from aiohttp import web

from pypi_runbook.twin import hosts
from pypi_runbook.twin.answers import refusal, words_of
from pypi_runbook.twin.breaking import broken
from pypi_runbook.twin.faces import make_faces
from pypi_runbook.twin.intake import read_body
from pypi_runbook.twin.local import make_local
from pypi_runbook.twin.mirror import Unreachable
from pypi_runbook.twin.records import Request
from pypi_runbook.twin.tunnel import HEAD_LIMIT, Tunnel
from pypi_runbook.twin.world import World

IDLE_SECONDS = 75.0
T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """Serves a WORLD until it is stopped; its methods may be called from any thread."""

    def __init__(self, world: World, tls: ssl.SSLContext) -> None:
        self._world = world
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="twin", daemon=True)
        self.port = 0
        self.proxy_port = 0

    def start(self) -> None:
        """Return when clients can connect."""
        self._thread.start()
        try:
            self.call(self._open())
        except BaseException:
            self._end()
            raise

    def stop(self) -> None:
        """Close every connection and end the thread."""
        if self._thread.is_alive():
            self.call(self._close())
            self._end()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run WORK in the server's loop and return what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def adopt(self, site: socket.socket, proxy: socket.socket) -> Callable[[], Awaitable[None]]:
        """Serve two more listening sockets, from inside a namespace; return how to stop that."""
        more = web.SockSite(self._runner, site, ssl_context=self._tls)
        await more.start()
        tunnel = await asyncio.start_server(self.tunnel.handle, sock=proxy, limit=HEAD_LIMIT)

        async def stop() -> None:
            tunnel.close()
            await more.stop()

        return stop

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(_report)
        self._loop.run_forever()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self) -> None:
        quiet = logging.getLogger("pypi_runbook.twin")
        quiet.addHandler(logging.NullHandler())
        quiet.propagate = False
        self._runner = await _runner(make_app(self._world), quiet)
        self._local = await _runner(make_local(self._world), quiet)
        listening = loopback_socket()
        self.port = listening.getsockname()[1]
        await web.SockSite(self._runner, listening, ssl_context=self._tls).start()
        local = loopback_socket()
        await web.SockSite(self._local, local).start()
        self.tunnel = Tunnel(("127.0.0.1", self.port), local.getsockname(), self._refused)
        proxy = loopback_socket()
        self.proxy_port = proxy.getsockname()[1]
        self._proxy = await asyncio.start_server(self.tunnel.handle, sock=proxy, limit=HEAD_LIMIT)

    async def _close(self) -> None:
        self._proxy.close()
        await asyncio.gather(self._runner.cleanup(), self._local.cleanup())
        await self._world.mirror.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _refused(self, host: str, method: str, status: int, reason: str) -> None:
        self._world.requests.append(Request(host, method, "", status, time.time(), reason))


async def _runner(app: web.Application, log: logging.Logger) -> web.AppRunner:
    app.middlewares.append(read_body)
    # A head that does not end closes the connection after that time too.
    runner = web.AppRunner(app, access_log=None, logger=log, handle_signals=False, keepalive_timeout=IDLE_SECONDS, shutdown_timeout=0.5)
    await runner.setup()
    return runner


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Pass over connections that a client broke off; report everything else."""
    if not isinstance(context.get("exception"), OSError):
        loop.default_exception_handler(context)


def loopback_socket(port: int = 0) -> socket.socket:
    """Return a socket that listens on loopback, on a free port unless PORT is given."""
    listening = socket.create_server(("127.0.0.1", port), backlog=128)
    listening.setblocking(False)
    # Inherited by what it accepts: asyncio does it only for sockets that name their protocol, and an answer would wait 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def make_app(world: World) -> web.Application:
    """Return the application that answers for every host of the twin."""

    @web.middleware
    async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await _answer(world, request, handler)
        client = request.headers.get("User-Agent", "").split(" ")[0]
        host = request.host.partition(":")[0].lower()
        world.requests.append(Request(host, request.method, request.path_qs, answer.status, time.time(), words_of(answer), client))
        return answer

    app = web.Application(middlewares=[record], client_max_size=64 * 1024 * 1024)
    for host, face in make_faces(world).items():
        app.add_domain(host, face)
    return app


async def _answer(world: World, request: web.Request, handler: Handler) -> web.StreamResponse:
    host = request.host.partition(":")[0].lower()
    if host not in hosts.HOSTS:
        return refusal(request, 421, f"The twin is not {host}")
    return await broken(world, request, host, lambda: _handle(request, handler))


async def _handle(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return refusal(request, 404, "Not Found")
    except web.HTTPException as error:
        headers = {name: error.headers[name] for name in ("Location", "Allow") if name in error.headers}
        return web.Response(status=error.status, reason=error.reason, text=error.text, headers=headers)
    except Unreachable as error:
        return refusal(request, 504, str(error)[0].upper() + str(error)[1:])
    except ConnectionError:
        raise
    except Exception as error:
        # A fault of ours: the client gets a sentence, the log keeps it, nobody gets a traceback.
        return refusal(request, 500, f"The twin itself failed: {type(error).__name__}: {error}")
