"""Which of GitHub's handlers answers which path on which host."""

from __future__ import annotations

from aiohttp import web

from pypi_runbook.twin import hosts
from pypi_runbook.twin.github.archive import Github
from pypi_runbook.twin.github.smarthttp import SmartHttp
from pypi_runbook.twin.world import World


def add_github(faces: dict[str, web.Application], world: World) -> None:
    """Add git, the REST API, and archives to the FACES of GitHub's hosts."""
    archives, git = Github(world), SmartHttp(world)
    site = faces[hosts.GITHUB].router
    site.add_get("/{owner}/{name}/archive/{archive:.+}", archives.archive)
    site.add_get("/{owner}/{name}/info/refs", git.refs, allow_head=False)
    site.add_post("/{owner}/{name}/{service:git-(?:upload|receive)-pack}", git.pack)
    faces[hosts.GITHUB_ARCHIVES].router.add_get("/{owner}/{name}/{kind}/{ref:.+}", archives.download)
    faces[hosts.GITHUB_API].router.add_route("*", "/{path:.*}", archives.api)
