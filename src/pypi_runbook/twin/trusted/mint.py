"""The index's side: a token for a job whose claims belong to a publisher (warehouse/oidc/views)."""

from __future__ import annotations

import asyncio
import threading

from aiohttp import web

from pypi_runbook.rules import Refused, Site, refuse
from pypi_runbook.twin.access import publisher_token
from pypi_runbook.twin.admission import check_registration
from pypi_runbook.twin.hosts import Index
from pypi_runbook.twin.projects import new_project
from pypi_runbook.twin.tokens import read_token
from pypi_runbook.twin.trusted.differences import form_address, nearest
from pypi_runbook.twin.trusted.identity import read_claims, why
from pypi_runbook.twin.trusted.matching import Claims, find_publisher, text
from pypi_runbook.twin.trusted.payload import read_payload
from pypi_runbook.twin.trusted.publishers import Registration
from pypi_runbook.twin.trusted.state import Note
from pypi_runbook.twin.world import World

OIDC_FLAG = "disallow-oidc"
LEEWAY = 30
# PyPI remembers a number a little longer than anybody would accept its token.
MARGIN = 5


class Minting:
    """Audience, mint and burn of one index."""

    def __init__(self, world: World, index: Index) -> None:
        self._world = world
        self._index = index
        self._site = Site(index.host)
        self._registry = world.trusted.registry
        # One request at a time: the number of an identity token is good for one.
        self._turn = threading.Lock()

    async def audience(self, _: web.Request) -> web.StreamResponse:
        """Answer for whom an identity token must be made."""
        if self._world.store.projects.has_flag(self._index.name, OIDC_FLAG):
            return web.json_response({"message": refuse("oidc-not-enabled").message(self._site)}, status=403)
        return web.json_response({"audience": self._index.name})

    async def mint(self, request: web.Request) -> web.StreamResponse:
        """Answer with an API token for the job whose identity token REQUEST holds, or with PyPI's reason against it."""
        body = await request.read()
        return await asyncio.to_thread(self._answer, body, request.host.partition(":")[0])

    async def burn(self, request: web.Request) -> web.StreamResponse:
        """Forget the token that REQUEST holds; nobody learns whether it was one, and a user's token stays."""
        try:
            token = read_token(read_payload(await request.read(), "BurnPayload"))
        except Refused as error:
            return self._refusal(error)
        credential = self._world.store.accounts.credential(self._index.name, token.identifier) if token else None
        if token and credential and credential.publisher and token.is_signed_by(credential.key):
            self._world.store.accounts.delete_token(token.identifier)
        return web.Response(status=204)

    def _answer(self, body: bytes, host: str) -> web.Response:
        claims: Claims = {}
        try:
            encoded = read_payload(body, "TokenPayload")
            with self._turn:
                now = self._world.clock()
                skewed = now + self._world.faults.skew(self._index.name)
                claims = read_claims(encoded, self._world.trusted.issuer, self._index.name, skewed, self._is_disabled)
                publisher = self._publisher(claims, now)
                self._registry.use(self._index.name, str(claims["jti"]), int(claims["exp"]) + LEEWAY + MARGIN)
                ids = sorted(self._registry.project_ids(publisher.id))
                token, expires = publisher_token(self._world.store.accounts, self._index, host, publisher.id, ids, now)
                self._warn(publisher, claims)
        except Refused as error:
            self._explain(error, claims)
            return self._refusal(error)
        return web.json_response({"success": True, "token": token, "expires": expires})

    def _is_disabled(self, issuer: str) -> bool:
        flags = (OIDC_FLAG, f"disallow-{issuer}-oidc")
        return any(self._world.store.projects.has_flag(self._index.name, flag) for flag in flags)

    def _publisher(self, claims: Claims, now: float) -> Registration:
        """Return the publisher for CLAIMS; a pending one becomes one first, and makes its project."""
        site = self._index.name

        def is_used(jti: str) -> bool:
            return self._registry.is_used(site, jti, now)

        try:
            self._reify(find_publisher(self._registry.pending(site, now), claims, is_used), now)
        except Refused as error:
            # What is wrong with a pending publisher is nobody's business while there may be another.
            if error.rule.code != "invalid-publisher":
                raise
        return find_publisher(self._registry.publishers(site), claims, is_used)

    def _reify(self, pending: Registration, now: float) -> None:
        """Make the project that PENDING names, or raise why it cannot be."""
        site, name = self._index.name, pending.projects[0]
        project = new_project(site, name, now)
        if self._world.store.project(site, project.normalized):
            self._registry.remove(pending)
            raise refuse("mint-pending")
        try:
            check_registration(self._world, self._index, name)
        except Refused as error:
            raise refuse("mint-project", error=error.message(self._site)) from error
        users = self._world.store.accounts.users(site)
        owner = next((user for user in users if user.id == pending.account), users[0])
        with self._world.store.transaction():
            self._world.store.projects.create(project, owner)
            self._registry.reify(pending, project, now)

    def _refusal(self, error: Refused) -> web.Response:
        errors = [{"code": error.rule.code, "description": error.message(self._site)}]
        return web.json_response({"message": "Token request failed", "errors": errors}, status=error.rule.status, reason="Unprocessable Entity")

    def _explain(self, error: Refused, claims: Claims) -> None:
        """Keep for the person what PyPI does not say: the nearest publisher, and how the job differs from it."""
        # What a client sent instead of a token may hold one.
        words = error.rule.code if error.rule.id == "mint-payload" else f"{error.rule.code}: {error.message(self._site)}"
        lines = [f"{self._index.title} gave no token: {words}"]
        if error.rule.id == "mint-token":
            lines += [f"  {why(error.__cause__, self._index.name)} (troubleshooting/invalid-token.md)"]
        elif error.rule.code == "invalid-publisher":
            lines += self._comparison(claims)
        elif error.rule.entry:
            lines += [f"  see troubleshooting/{error.rule.entry}.md"]
        self._note(lines)

    def _warn(self, publisher: Registration, claims: Claims) -> None:
        """Keep for the person what PyPI writes to the owners when a job has an environment and its publisher none."""
        environment = text(claims, "environment")
        if environment and not publisher.publisher.environment and len(publisher.projects) == 1:
            words = f"{self._index.title} would write to the owners of {publisher.projects[0]}: the publisher {publisher.publisher} takes any"
            self._note([f"{words} environment, and this job has {environment!r}; register it with that one (publishing/environments.md)"])

    def _note(self, lines: list[str]) -> None:
        self._world.trusted.notes.append(Note(len(self._world.requests), tuple(lines)))

    def _comparison(self, claims: Claims) -> list[str]:
        found = nearest(claims, self._registry.all(self._index.name, self._world.clock()))
        if found is None:
            address = f"{self._index.url}/manage/account/publishing/"
            return [f"  no publisher is registered on {self._index.title}: {address} (publishing/setup.md)"]
        registration, different = found
        kind = "pending publisher" if registration.pending else "publisher"
        of = ", ".join(registration.projects) or "no project"
        lines = [f"  nearest {kind}: {registration.publisher}, of {of}: {form_address(self._index, registration)}"]
        return lines + [f"  {each} ({each.page})" for each in different]
