"""How every endpoint of the REST API is asked and answers: who asks, which repository, what body, which headers."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from pypi_runbook.twin.answers import WordedAnswer
from pypi_runbook.twin.github.records import Repository
from pypi_runbook.twin.github.refusals import BAD_CREDENTIALS, NO_INTEGRATION, NOT_FOUND, NOT_SIGNED_IN, ApiError, words_in
from pypi_runbook.twin.github.tokens import JobToken, given_token
from pypi_runbook.twin.world import World

# The twin counts nobody's requests; clients want to read that there are some left.
LIMITS = {True: 1000, False: 60}
AGENTLESS = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header"


@dataclass(frozen=True)
class Call:
    """A request to an endpoint.

    token: who asks, if anybody; values: from the path; query, body (a JSON object), accept: the client's.
    named: the repository in the path, if there is one in it.
    """

    world: World
    token: JobToken | None
    values: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]
    path: str
    accept: str
    named: Repository | None

    @property
    def repository(self) -> Repository:
        """The repository that the path names; ApiError when there is none."""
        if self.named is None:
            raise NOT_FOUND
        return self.named

    @property
    def may_write(self) -> bool:
        """Whether who asks may change the repository's contents, and so see its drafts."""
        return bool(self.named and self.token and self.token.allows(self.named, "contents", "write"))

    def number(self, name: str) -> int:
        """Return the number NAME of the path; ApiError for one that no record can have."""
        text = self.values[name]
        if not (text.isascii() and text.isdecimal() and len(text) < 19):
            raise NOT_FOUND
        return int(text)


@dataclass(frozen=True)
class Reply:
    """What an endpoint answers: an object, a list, or None for no body."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Endpoint:
    """An endpoint: how it is reached, what answers it, where it is documented, and whether it needs `contents: write`."""

    method: str
    path: str
    answer: Callable[[Call], Reply]
    documentation: str
    writes: bool = False


class Rest:
    """The REST API of one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add(self, face: web.Application, endpoint: Endpoint) -> None:
        """Let FACE answer at ENDPOINT."""

        async def handle(request: web.Request) -> web.StreamResponse:
            token = None
            try:
                token = self.who(request)
                call = self.call(request, token, read_object(await request.read()), writes=endpoint.writes)
                reply = await asyncio.to_thread(endpoint.answer, call)
            except ApiError as error:
                reply = Reply(error.document(endpoint.documentation), error.status)
            return self.respond(reply, signed_in=token is not None, writes=endpoint.writes)

        if endpoint.method == "GET":
            # gh asks with HEAD whether a release is there.
            face.router.add_get(endpoint.path, handle)
        else:
            face.router.add_route(endpoint.method, endpoint.path, handle)

    async def unknown(self, request: web.Request) -> web.StreamResponse:
        """Answer every other path: 404, or 401 for a token that is none."""
        try:
            self.who(request)
            raise NOT_FOUND
        except ApiError as error:
            return self.respond(Reply(error.document(""), error.status))

    def who(self, request: web.Request) -> JobToken | None:
        """Return the token that REQUEST gives, None when it gives none; ApiError for a bad one."""
        if not request.headers.get("User-Agent"):
            raise ApiError(403, AGENTLESS)
        given = given_token(request.headers.get("Authorization", ""))
        token = self._world.github.tokens.find(given) if given is not None else None
        if given is not None and token is None:
            raise BAD_CREDENTIALS
        return token

    def call(self, request: web.Request, token: JobToken | None, body: Mapping[str, Any], *, writes: bool) -> Call:
        """Return what REQUEST asks of the repository in its path; ApiError when who asks may not."""
        values = dict(request.match_info)
        named = self._world.github.repositories.find(values["owner"], values["repo"]) if "repo" in values else None
        call = Call(self._world, token, values, dict(request.query), body, request.path, request.headers.get("Accept", ""), named)
        if "repo" in values and named is None:
            raise NOT_FOUND
        if writes and not call.may_write:
            raise NO_INTEGRATION if token else NOT_SIGNED_IN
        return call

    def respond(self, reply: Reply, *, signed_in: bool = False, writes: bool = False) -> web.Response:
        """Return REPLY as GitHub sends it."""
        limit = str(LIMITS[signed_in])
        headers = {
            "X-GitHub-Media-Type": "github.v3; format=json",
            "X-GitHub-Api-Version-Selected": "2022-11-28",
            "X-GitHub-Request-Id": ":".join(secrets.token_hex(2).upper() for _ in range(5)),
            "X-RateLimit-Limit": limit,
            "X-RateLimit-Remaining": limit,
            "X-RateLimit-Used": "0",
            "X-RateLimit-Resource": "core",
            "X-RateLimit-Reset": str(int(self._world.clock()) + 3600),
            **({"X-Accepted-GitHub-Permissions": "contents=write"} if writes else {}),
            **reply.headers,
        }
        if reply.body is None:
            return web.Response(status=reply.status, headers=headers)
        text = json.dumps(reply.body, separators=(",", ":"), ensure_ascii=False)
        answer = WordedAnswer(status=reply.status, headers=headers, text=text, content_type="application/json")
        answer.words = words_in(reply.body) if reply.status >= 400 else ""
        return answer


def page_of(call: Call, items: list[Any]) -> Reply:
    """Return the page of ITEMS that CALL asks for, with the links to the others."""
    size, page = min(_positive(call.query.get("per_page"), 30), 100), _positive(call.query.get("page"), 1)
    last = max(1, -(-len(items) // size))
    others = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    wanted = {name: number for name, number in others.items() if (number < page if name in ("prev", "first") else page < number <= last)}
    address = f"https://api.github.com{call.path}?per_page={size}&page="
    links = ", ".join(f'<{address}{number}>; rel="{name}"' for name, number in wanted.items() if number >= 1)
    return Reply(items[(page - 1) * size : page * size], headers={"Link": links} if links else {})


def _positive(text: str | None, usual: int) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and 0 < len(text) < 10 and int(text) else usual


def read_object(content: bytes) -> dict[str, Any]:
    """Return the JSON object that a body holds; ApiError for everything else, an empty object for an empty body."""
    if not content.strip():
        return {}
    try:
        found = json.loads(content)
        # Half a character, which JSON can spell, is nothing that git or the store could keep.
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "Problems parsing JSON") from error
    if not isinstance(found, dict):
        raise ApiError(400, "Body should be a JSON object")
    return found
