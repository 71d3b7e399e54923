"""The few GraphQL queries with which `gh release` and `gh auth status` ask, by their names; every other one is refused in the twin's own words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from pypi_runbook.twin.github import gitdata, shapes
from pypi_runbook.twin.github.records import BOT, Release, Repository
from pypi_runbook.twin.github.refusals import ApiError
from pypi_runbook.twin.github.rest import Reply, Rest, read_object
from pypi_runbook.twin.github.selection import project, read_operation
from pypi_runbook.twin.github.tokens import JobToken
from pypi_runbook.twin.world import World

SIGN_IN = ApiError(401, "This endpoint requires you to be authenticated.")
Answer = Callable[["Asked"], dict[str, Any]]


class NotResolvedError(Exception):
    """Something that a query names and GitHub does not have."""


class Asked:
    """One query's variables, and the world that they are about."""

    def __init__(self, world: World, token: JobToken, variables: Mapping[str, Any]) -> None:
        self.world = world
        self.variables = variables
        self._token = token

    def text(self, name: str) -> str:
        """Return a variable; ValueError when it is no string."""
        value = self.variables.get(name)
        if not isinstance(value, str):
            raise ValueError(f"Variable ${name} of type String! was provided invalid value")
        return value

    @property
    def repository(self) -> Repository:
        """The repository that the variables name."""
        owner, name = self.text("owner"), self.text("name")
        found = self.world.github.repositories.find(owner, name)
        if found is None:
            raise NotResolvedError(f"Could not resolve to a Repository with the name '{owner}/{name}'.")
        return found

    def sees(self, release: Release | None) -> bool:
        """Tell whether there is a RELEASE that who asks may see."""
        writes = self._token.allows(self.repository, "contents", "write")
        return release is not None and (writes or not release.draft)


def _release_by_tag(asked: Asked) -> dict[str, Any]:
    releases, tag = asked.world.github.releases, asked.text("tagName")
    found = releases.of_tag(asked.repository, tag) or releases.of_tag(asked.repository, tag, draft=True)
    shown = _shown(asked.repository, found, None) if found and asked.sees(found) else None
    return {"repository": {"release": shown}}


def _release_list(asked: Asked) -> dict[str, Any]:
    releases, variables = asked.world.github.releases, asked.variables
    latest = releases.latest(asked.repository)
    found = [_shown(asked.repository, each, latest) for each in releases.all(asked.repository) if asked.sees(each)]
    if variables.get("direction") == "ASC":
        found.reverse()
    size, start = variables.get("perPage"), variables.get("endCursor") or "0"
    if not isinstance(size, int) or not 0 < size <= 100 or not (isinstance(start, str) and start.isascii() and start.isdecimal()):
        raise ValueError("perPage must be from 1 to 100, and endCursor from the answer before")
    end = int(start[:9]) + size
    page = {"hasNextPage": end < len(found), "endCursor": str(end)}
    return {"repository": {"releases": {"nodes": found[end - size : end], "pageInfo": page, "totalCount": len(found)}}}


def _find_ref(asked: Asked) -> dict[str, Any]:
    found = gitdata.find_ref(asked.repository.origin, asked.text("tagName"))
    return {"repository": {"ref": {"id": f"REF_{found.sha}", "name": found.name} if found else None}}


def _viewer(_: Asked) -> dict[str, Any]:
    return {"viewer": {"login": BOT}}


def _fields(_: Asked) -> dict[str, Any]:
    return {"__type": {"fields": [{"name": name} for name in _shown(None, None, None)]}}


def _shown(repository: Repository | None, release: Release | None, latest: Release | None) -> dict[str, Any]:
    """Return a release with GraphQL's names for its fields."""
    known: dict[str, Any] = shapes.release(repository, release, []) if repository and release else {}
    return {
        "id": known.get("node_id"),
        "databaseId": known.get("id"),
        "name": known.get("name"),
        "tagName": known.get("tag_name"),
        "description": known.get("body"),
        "url": known.get("html_url"),
        "isDraft": known.get("draft"),
        "isPrerelease": known.get("prerelease"),
        "isLatest": release is not None and release == latest,
        "immutable": known.get("immutable"),
        "createdAt": known.get("created_at"),
        "publishedAt": known.get("published_at"),
    }


# The names are gh's own: pkg/cmd/release and pkg/cmd/auth in cli/cli.
QUERIES: dict[str, Answer] = {
    "RepositoryReleaseByTag": _release_by_tag,
    "RepositoryReleaseList": _release_list,
    "RepositoryFindRef": _find_ref,
    "UserCurrent": _viewer,
    "Release_fields": _fields,
}


class GraphQL:
    """The GraphQL API of one world."""

    def __init__(self, world: World, rest: Rest) -> None:
        self._world = world
        self._rest = rest

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one query."""
        token = None
        try:
            token = self._rest.who(request)
            if token is None:
                raise SIGN_IN
            body = read_object(await request.read())
            reply = Reply(await asyncio.to_thread(self._answer, token, body))
        except ApiError as error:
            reply = Reply(error.document(""), error.status)
        return self._rest.respond(reply, signed_in=token is not None)

    def _answer(self, token: JobToken, body: Mapping[str, Any]) -> dict[str, Any]:
        query, variables = body.get("query"), body.get("variables") or {}
        try:
            if not isinstance(query, str) or not isinstance(variables, dict):
                raise ValueError("A query attribute must be specified and must be a string.")
            operation = read_operation(query)
            if operation.name not in QUERIES:
                raise ValueError(f"the query {operation.name[:60] or 'without a name'} is none of {', '.join(QUERIES)}")
            return {"data": project(QUERIES[operation.name](Asked(self._world, token, variables)), operation.selection, "Query")}
        except NotResolvedError as error:
            return {"data": {"repository": None}, "errors": [{"type": "NOT_FOUND", "path": ["repository"], "message": str(error)}]}
        except ValueError as error:
            return {"errors": [{"message": f"The twin's GitHub answers only what gh asks about releases: {error}"}]}
