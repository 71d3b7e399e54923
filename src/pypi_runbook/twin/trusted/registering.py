"""Registering and removing publishers as a person does on an index's pages: PyPI's checks in its order, then the registry."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.utils import canonicalize_name

from pypi_runbook.errors import RunbookError
from pypi_runbook.twin.hosts import Index
from pypi_runbook.twin.projects import OWNER
from pypi_runbook.twin.records import Project, User
from pypi_runbook.twin.trusted import forms
from pypi_runbook.twin.trusted.publishers import Publisher, Registration, made_up_id
from pypi_runbook.twin.trusted.registry import named
from pypi_runbook.twin.world import World

FLAGS = ("disallow-oidc", "disallow-github-oidc")
PENDING_LIMIT, ATTEMPTS_LIMIT, DAY = 3, 100, 24 * 3600.0


def register(world: World, index: Index, user: User, project: str, publisher: Publisher, spelling: Iterable[str] = ()) -> Registration:
    """Add PUBLISHER to PROJECT as USER does in its settings on INDEX; RunbookError in the page's words (warehouse/manage/views)."""
    known = _project(world, index, user, project)
    _check_flags(world, index)
    _check_rate(world, index, user)
    publisher = forms.checked(index, publisher, spelling)
    added = world.trusted.registry.add(publisher, made_up_id(publisher.owner), known, world.clock())
    if added is None:
        raise forms.form_error(index, forms.ALREADY.format(workflow=publisher.workflow, project=known.name))
    return added


def register_pending(world: World, index: Index, user: User, project: str, publisher: Publisher, spelling: Iterable[str] = ()) -> Registration:
    """Add a pending PUBLISHER for PROJECT as USER does in the account on INDEX; RunbookError in the page's words (warehouse/accounts/views)."""
    registry, site = world.trusted.registry, index.name
    _check_flags(world, index)
    if not user.verified:
        raise forms.form_error(index, forms.NO_EMAIL)
    pending = registry.pending(site, world.clock())
    if sum(each.account == user.id for each in pending) >= PENDING_LIMIT:
        raise forms.form_error(index, forms.TOO_MANY_PENDING)
    _check_rate(world, index, user)
    publisher = forms.checked(index, publisher, spelling)
    forms.check_project(index, project, _owned(world, index, user))
    for each in pending:
        if each.publisher == publisher:
            raise forms.form_error(index, forms.PENDING_ALREADY if each.projects == (project,) else forms.PENDING_ELSEWHERE)
    return registry.add_pending(site, publisher, made_up_id(publisher.owner), project, user, world.clock())


def remove(world: World, index: Index, project: str, publisher: Publisher, *, pending: bool) -> None:
    """Remove PUBLISHER from PROJECT on INDEX, or a pending one for it; RunbookError when there is none."""
    registry = world.trusted.registry
    known = registry.pending(index.name, world.clock()) if pending else registry.publishers(index.name)
    found = named(known, publisher, project)
    if found is None:
        kind = "pending publisher" if pending else "publisher"
        there = ", ".join(str(each.publisher) for each in known) or "none"
        raise RunbookError("no-such-publisher", f"{index.title} has no {kind} {publisher} for {project}", next=f"registered: {there}")
    registry.remove(found, None if pending else world.store.project(index.name, canonicalize_name(project)))


def _project(world: World, index: Index, user: User, name: str) -> Project:
    """Return the project whose settings USER may open."""
    found = world.store.project(index.name, canonicalize_name(name))
    if found and world.store.projects.role(found, user) == OWNER:
        return found
    problem = f"belongs to somebody else than {user.name}" if found else "does not exist"
    next_ = "its owner registers it" if found else "register a pending publisher: pypi-runbook pretend pending-publisher add"
    raise RunbookError("no-such-project", f"the project {name} {problem} on {index.title}", next=next_, page="publishing/setup.md")


def _owned(world: World, index: Index, user: User) -> dict[str, bool]:
    """Return the names of INDEX's projects, and whether USER owns each."""
    names = world.store.project_names(index.name)
    projects = {name: world.store.project(index.name, canonicalize_name(name)) for name in names}
    return {name: bool(project and world.store.projects.role(project, user) == OWNER) for name, project in projects.items()}


def _check_flags(world: World, index: Index) -> None:
    if any(world.store.projects.has_flag(index.name, flag) for flag in FLAGS):
        raise forms.form_error(index, forms.DISABLED)


def _check_rate(world: World, index: Index, user: User) -> None:
    """Count the attempt; raise when there were too many within a day."""
    registry, now = world.trusted.registry, world.clock()
    if registry.attempts(index.name, user, now - DAY) >= ATTEMPTS_LIMIT:
        raise forms.form_error(index, forms.TOO_OFTEN)
    registry.add_attempt(index.name, user, now)
