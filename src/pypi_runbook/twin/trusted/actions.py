"""What `pretend` and `twin --job` ask of a twin about Trusted Publishing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from packaging.utils import canonicalize_name

from pypi_runbook.twin.accounts import FIRST_USER
from pypi_runbook.twin.hosts import INDEXES, Index
from pypi_runbook.twin.lookup import Action, Arguments, index_of, user_of
from pypi_runbook.twin.trusted.differences import form_address
from pypi_runbook.twin.trusted.publishers import Publisher, Registration
from pypi_runbook.twin.trusted.registering import register, register_pending, remove
from pypi_runbook.twin.trusted.registry import EXPIRY
from pypi_runbook.twin.world import World


def begin_job(world: World, arguments: Arguments) -> dict[str, Any]:
    """Let a job with these `claims` ask for its identity; answer with the path of the address and the credential for it."""
    claims = {str(name): str(value) for name, value in arguments["claims"].items()}
    return {"path": f"/actions/{claims['run_id']}/idtoken?api-version=2.0", "credential": world.trusted.issuer.begin(claims)}


def add_publisher(world: World, arguments: Arguments) -> dict[str, Any]:
    """Register a publisher, or a pending one, as the form does."""
    index = index_of(arguments)
    user = user_of(world, index, arguments.get("account") or FIRST_USER)
    form = register_pending if arguments["pending"] else register
    return shown(form(world, index, user, arguments["project"], _publisher(arguments), arguments.get("spelling", ())), index)


def list_publishers(world: World, arguments: Arguments) -> dict[str, Any]:
    """Answer with the publishers, or the pending ones, of one index or of both."""
    wanted = [index_of(arguments)] if arguments.get("index") else list(INDEXES.values())
    registry, now = world.trusted.registry, world.clock()
    found = [(index, registry.pending(index.name, now) if arguments["pending"] else registry.publishers(index.name)) for index in wanted]
    return {"publishers": [shown(each, index) for index, registered in found for each in registered]}


def remove_publisher(world: World, arguments: Arguments) -> dict[str, Any]:
    """Remove a publisher, or a pending one."""
    remove(world, index_of(arguments), arguments["project"], _publisher(arguments), pending=arguments["pending"])
    return {}


def prepare_index(world: World, arguments: Arguments) -> dict[str, Any]:
    """Register a publisher where INDEX has none at all: pending, or on the project when that exists. Answer with it, or with nothing."""
    index = index_of(arguments)
    user = user_of(world, index, arguments.get("account") or FIRST_USER)
    if world.trusted.registry.all(index.name, world.clock()):
        return {}
    exists = world.store.project(index.name, canonicalize_name(arguments["project"]))
    form = register if exists else register_pending
    return shown(form(world, index, user, arguments["project"], _publisher(arguments), arguments.get("spelling", ())), index)


def shown(registration: Registration, index: Index) -> dict[str, Any]:
    """Return REGISTRATION as JSON."""
    expires = datetime.fromtimestamp(registration.created + EXPIRY, UTC).isoformat(timespec="seconds") if registration.pending else None
    return {
        "index": index.name,
        "title": index.title,
        "publisher": str(registration.publisher),
        "projects": list(registration.projects),
        "pending": registration.pending,
        "expires": expires,
        "page": form_address(index, registration),
    }


def _publisher(arguments: Arguments) -> Publisher:
    return Publisher(**{name: str(value) for name, value in arguments["publisher"].items()})


ACTIONS: dict[str, Action] = {
    "begin-job": begin_job,
    "add-publisher": add_publisher,
    "list-publishers": list_publishers,
    "remove-publisher": remove_publisher,
    "prepare-index": prepare_index,
}
