"""Which of GitHub's handlers answers which path on which host."""

from __future__ import annotations

from aiohttp import web

from pypi_runbook.twin import hosts
from pypi_runbook.twin.github import assets, endpoints
from pypi_runbook.twin.github.archive import Archives
from pypi_runbook.twin.github.assets import Assets
from pypi_runbook.twin.github.graphql import GraphQL
from pypi_runbook.twin.github.rest import Rest
from pypi_runbook.twin.github.smarthttp import SmartHttp
from pypi_runbook.twin.world import World

# A path may hold a line's end.
ANYTHING = "/{path:(?s:.*)}"


def add_github(faces: dict[str, web.Application], world: World) -> None:
    """Add git, the REST API, the files of releases, and archives to the FACES of GitHub's hosts."""
    rest = Rest(world)
    files, archives = Assets(world, rest), Archives(world)
    add_site(faces[hosts.GITHUB], SmartHttp(world), files, archives)
    add_api(faces[hosts.GITHUB_API], rest, GraphQL(world, rest))
    faces[hosts.GITHUB_ARCHIVES].router.add_get("/{owner}/{name}/{kind}/{ref:.+}", archives.download)
    faces[hosts.GITHUB_UPLOADS].router.add_post(f"{assets.REPO}/releases/{{id:[0-9]+}}/assets", files.upload)
    faces[hosts.GITHUB_UPLOADS].router.add_route("*", ANYTHING, rest.unknown)
    faces[hosts.GITHUB_ASSETS].router.add_get("/github-production-release-asset/{repository}/{asset}", files.download)


def add_site(face: web.Application, git: SmartHttp, files: Assets, archives: Archives) -> None:
    """Add what git and browsers read at github.com."""
    face.router.add_get("/{owner}/{name}/archive/{archive:.+}", archives.lead)
    face.router.add_get("/{owner}/{name}/info/refs", git.refs, allow_head=False)
    face.router.add_post("/{owner}/{name}/{service:git-(?:upload|receive)-pack}", git.pack)
    face.router.add_get("/{owner}/{name}/releases/latest/download/{file}", files.from_site)
    face.router.add_get("/{owner}/{name}/releases/download/{tag:.+}/{file}", files.from_site)


def add_api(face: web.Application, rest: Rest, graphql: GraphQL) -> None:
    """Add the REST API and the queries of gh."""
    for endpoint in (*endpoints.ENDPOINTS, *assets.ENDPOINTS):
        rest.add(face, endpoint)
    face.router.add_post("/graphql", graphql.handle)
    face.router.add_route("*", ANYTHING, rest.unknown)
