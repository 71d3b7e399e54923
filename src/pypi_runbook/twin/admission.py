"""Whether an upload may go to its project, and whether a project that is not there yet may be made."""

from __future__ import annotations

from packaging.utils import canonicalize_name

from pypi_runbook.rules import refuse
from pypi_runbook.rules.names import check_new_name
from pypi_runbook.twin.access import Identity, permit
from pypi_runbook.twin.hosts import Index
from pypi_runbook.twin.projects import OWNER, new_project
from pypi_runbook.twin.records import Project, User
from pypi_runbook.twin.world import World

WINDOW = 3600
# How many new projects within an hour, and how PyPI calls each limit in its headers.
LIMITS = {"ip": 40, "user": 20}


def admit(world: World, index: Index, identity: Identity, name: str, headers: dict[str, str]) -> Project:
    """Return the project called NAME that IDENTITY may upload to, a new one where there is none; raise PyPI's reason against it.

    headers: what the answer has to tell beside its body is put in there.
    """
    known = world.store.project(index.name, canonicalize_name(name))
    project = known or _new(world, index, identity, name, headers)
    user = identity.account
    role = OWNER if known is None else world.store.projects.role(project, user) if user else None
    publisher_projects = world.publisher_projects(identity.publisher) if identity.publisher else frozenset[str]()
    permit(identity, project, role, publisher_projects, world.clock() + world.faults.age(index.name))
    if user:
        check_user(user)
    if project.organization and not world.store.projects.organizations(index.name).get(project.organization):
        raise refuse("organization-inactive")
    return project


def check_user(user: User) -> None:
    """Raise when USER lacks what PyPI wants of everybody who uploads."""
    if not user.verified:
        raise refuse("email-unverified", user=user.name)
    if not user.two_factor:
        raise refuse("two-factor-missing", user=user.name)


def check_registration(world: World, index: Index, name: str) -> None:
    """Raise when nobody may make a project called NAME on INDEX now."""
    if world.store.projects.has_flag(index.name, "disallow-new-project-registration"):
        raise refuse("registration-disabled")
    if world.store.project(index.name, canonicalize_name(name)):
        raise refuse("name-conflict", name=name)
    check_new_name(name, world.store.project_names(index.name))


def _new(world: World, index: Index, identity: Identity, name: str, headers: dict[str, str]) -> Project:
    user = identity.account
    if user is None:
        raise refuse("non-user-identity")
    check_user(user)
    now = world.clock()
    _check_rate(world, index, user, now, headers)
    if rival := world.rivals.pop((index.name, canonicalize_name(name)), None):
        rival()
    check_registration(world, index, name)
    # It counts from here on, whatever becomes of the upload.
    world.store.projects.add_creation(index.name, user, now)
    return new_project(index.name, name, now)


def _check_rate(world: World, index: Index, user: User, now: float, headers: dict[str, str]) -> None:
    """Put PyPI's account of both limits into HEADERS; raise when one of them is reached."""
    made = world.store.projects.creations(index.name, now - WINDOW, now)
    # All clients of a twin have one address.
    moments = {"ip": [moment for _, moment in made], "user": [moment for each, moment in made if each == user.id]}
    left = {key: limit - len(moments[key]) for key, limit in LIMITS.items()}
    ends = {key: max(0, int((found[0] if found else now) + WINDOW - now)) for key, found in moments.items()}
    headers["RateLimit-Policy"] = ", ".join(f'"project.create.{key}";q={limit};w={WINDOW};pk=:{key}:' for key, limit in LIMITS.items())
    headers["RateLimit"] = ", ".join(f'"project.create.{key}";r={max(0, left[key])};t={ends[key]}' for key in LIMITS)
    if min(left.values()) <= 0:
        raise refuse("too-many-projects")
