"""Which of Trusted Publishing's handlers answers which path on which host."""

from __future__ import annotations

from aiohttp import web

from pypi_runbook.twin.hosts import Index
from pypi_runbook.twin.trusted.issuer import JWKS_PATH, IdentityPages
from pypi_runbook.twin.trusted.mint import Minting
from pypi_runbook.twin.world import World

ACTIONS_PATH = "/actions/{run}/idtoken"


def add_minting(faces: dict[str, web.Application], world: World, index: Index) -> None:
    """Add audience, mint and burn of INDEX to the FACES of its hosts; clients ask the host that they upload to."""
    minting = Minting(world, index)
    for face in faces.values():
        face.router.add_get("/_/oidc/audience", minting.audience)
        face.router.add_post("/_/oidc/mint-token", minting.mint)
        face.router.add_post("/_/oidc/github/mint-token", minting.mint)
        face.router.add_post("/_/oidc/burn-token", minting.burn)


def add_identity(face: web.Application, world: World) -> None:
    """Add the public documents of GitHub's issuer."""
    pages = IdentityPages(world.trusted.issuer)
    face.router.add_get("/.well-known/openid-configuration", pages.configuration)
    face.router.add_get(JWKS_PATH, pages.keys)


def add_job_identity(app: web.Application, world: World) -> None:
    """Add the address at which a job asks GitHub for its identity."""
    app.router.add_get(ACTIONS_PATH, IdentityPages(world.trusted.issuer).identity)
