"""Clone, fetch and push at https://github.com/owner/name: who may, in GitHub's words, and the way to git's own server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiohttp import web

from pypi_runbook.errors import RunbookError
from pypi_runbook.twin.answers import WHOLE, WordedAnswer
from pypi_runbook.twin.github.backend import PIECE, Asked, run_backend
from pypi_runbook.twin.github.publishing import follow_tags
from pypi_runbook.twin.github.records import BOT, Repository
from pypi_runbook.twin.github.tokens import given_token
from pypi_runbook.twin.intake import patience
from pypi_runbook.twin.world import World

PUSH = "git-receive-pack"
SERVICES = ("git-upload-pack", PUSH)
INVALID = "Invalid username or token. Password authentication is not supported for Git operations."
CHALLENGE = {"WWW-Authenticate": 'Basic realm="GitHub"'}


@dataclass
class RefusedError(Exception):
    """Why git may not do what it asks."""

    status: int
    words: str

    def answer(self) -> web.Response:
        """Return the answer; git shows plain text behind `remote:`."""
        answer = WordedAnswer(status=self.status, text=f"{self.words}\n", headers=CHALLENGE if self.status == 401 else {})
        answer.words = self.words
        return answer


class SmartHttp:
    """The repositories of one world, for git."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def refs(self, request: web.Request) -> web.StreamResponse:
        """Answer with what a repository has, the start of every clone, fetch and push."""
        service = request.query.get("service", "")
        if service not in SERVICES:
            return RefusedError(403, "Please upgrade your git client.").answer()
        return await self._serve(request, "/info/refs", service)

    async def pack(self, request: web.Request) -> web.StreamResponse:
        """Send or take objects."""
        service = request.match_info["service"]
        return await self._serve(request, f"/{service}", service)

    async def _serve(self, request: web.Request, path: str, service: str) -> web.StreamResponse:
        try:
            repository, user = self._admit(request, service)
            protocol = request.headers.get("Git-Protocol", "")
            query = f"service={service}" if path == "/info/refs" else ""
            asked = Asked(request.method, path, query, request.headers.get("Content-Type", ""), protocol)
            async with run_backend(repository.origin, asked, user, _body(request)) as output:
                answer = await _send(request, output)
            if service == PUSH and path != "/info/refs":
                await asyncio.to_thread(follow_tags, self._world.github, repository)
            return answer
        except RefusedError as error:
            return error.answer()
        except RunbookError as error:
            return RefusedError(501, f"The twin: {error.message}").answer()

    def _admit(self, request: web.Request, service: str) -> tuple[Repository, str]:
        """Return the repository and who asks, nobody for a reader without a token; RefusedError in GitHub's words otherwise."""
        given = given_token(request.headers.get("Authorization", ""))
        token = self._world.github.tokens.find(given) if given else None
        if given is not None and token is None:
            raise RefusedError(401, INVALID)
        name = request.match_info["name"]
        repository = self._world.github.repositories.find(request.match_info["owner"], name.removesuffix(".git"))
        if token is None and (repository is None or service == PUSH):
            # Without credentials GitHub does not tell a private repository from none.
            raise RefusedError(401, "No anonymous write access." if repository else "Repository not found.")
        if repository is None:
            raise RefusedError(404, "Repository not found.")
        if service == PUSH and not (token and token.allows(repository, "contents", "write")):
            raise RefusedError(403, f"Permission to {repository.slug}.git denied to {BOT}.")
        return repository, BOT if token else ""


async def _body(request: web.Request) -> AsyncIterator[bytes]:
    """Yield the body as it comes, unzipped; end it early when the client stalls."""
    while True:
        async with patience():
            piece = await request.content.read(PIECE)
        if not piece:
            return
        yield piece


async def _send(request: web.Request, output: asyncio.StreamReader) -> web.StreamResponse:
    """Answer with what the backend writes."""
    try:
        head = (await output.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise RefusedError(400, "git cannot read this request") from error
    headers = dict(line.split(": ", 1) for line in head.strip().splitlines())
    status = int(headers.pop("Status", "200").split(" ")[0])
    if status >= 500:
        raise RefusedError(400, "git cannot serve this request")
    if WHOLE.get():
        return web.Response(status=status, headers=headers, body=await output.read())
    answer = web.StreamResponse(status=status, headers=headers)
    await answer.prepare(request)
    while piece := await output.read(PIECE):
        await answer.write(piece)
    return answer
