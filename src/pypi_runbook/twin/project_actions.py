"""What a person does on the pages of a project, and what administrators do to it: roles, state, limits, yanks, deletions."""

from __future__ import annotations

import re
from typing import Any

from packaging.utils import canonicalize_name

from pypi_runbook.errors import RunbookError
from pypi_runbook.rules import Refused, Site
from pypi_runbook.twin.admission import check_registration
from pypi_runbook.twin.hosts import Index
from pypi_runbook.twin.lookup import Action, Arguments, file_of, index_of, project_of, release_of, unknown, user_of
from pypi_runbook.twin.projects import MAINTAINER, OWNER, new_project
from pypi_runbook.twin.receive import FILE_LIMIT, MEGABYTE
from pypi_runbook.twin.records import ACTIVE, ARCHIVED, QUARANTINED, Project
from pypi_runbook.twin.upload import PROJECT_LIMIT
from pypi_runbook.twin.world import World

NOBODY = "nobody"
ROLES = (OWNER, MAINTAINER, NOBODY)
STATES = (ACTIVE, ARCHIVED, QUARANTINED)
SIZE = re.compile(r"(\d+)\s*(MB|GB)", re.IGNORECASE)
UNITS = {"MB": MEGABYTE, "GB": 1024 * MEGABYTE}
FILE_LIMIT_MOST = 1024 * MEGABYTE


def register(world: World, arguments: Arguments) -> dict[str, Any]:
    """Let `account` make a project called `name`, with nothing in it; with `race` only when the next upload is about to."""
    index, name = index_of(arguments), arguments["name"]
    user = user_of(world, index, arguments["account"])
    if known := world.store.project(index.name, canonicalize_name(name)):
        raise RunbookError(
            "project-exists", f"{index.title} has a project named {known.name} already", next="delete it first, or give somebody a role"
        )
    try:
        check_registration(world, index, name)
    except Refused as error:
        raise RunbookError("name-refused", error.message(Site(index.host)), page=_page(error)) from error
    project = new_project(index.name, name, world.clock())
    if arguments.get("race"):
        world.rivals[(index.name, project.normalized)] = lambda: world.store.projects.create(project, user)
        return {"said": f"{user.name} will have made {name} on {index.title} when the next upload is about to"}
    world.store.projects.create(project, user)
    return {"said": f"{name} on {index.title} belongs to {user.name}"}


def role(world: World, arguments: Arguments) -> dict[str, Any]:
    """Make `account` an owner or a maintainer of `project`, or nobody."""
    index = index_of(arguments)
    project, user, wanted = project_of(world, index, arguments["project"]), user_of(world, index, arguments["account"]), arguments["role"]
    if wanted not in ROLES:
        raise unknown("role", wanted, index, ROLES)
    world.store.projects.set_role(project, user, None if wanted == NOBODY else wanted)
    return {"said": f"{user.name} is {wanted} in {project.name} on {index.title}"}


def project(world: World, arguments: Arguments) -> dict[str, Any]:
    """Set the `status` of the project `name`, or take it to hold `holds` bytes besides its files."""
    index = index_of(arguments)
    found = project_of(world, index, arguments["name"])
    said = []
    if status := arguments.get("status"):
        said.append(_set_status(world, index, found, status))
    if holds := arguments.get("holds"):
        world.store.projects.change(found, held=_size(holds))
        said.append(f"is taken to hold {holds} besides its files")
    return {"said": f"{found.name} on {index.title} {' and '.join(said) or f'is {found.status}'}"}


def limit(world: World, arguments: Arguments) -> dict[str, Any]:
    """Give `project` another limit for a file (`file`) or for all of them (`total`), as PyPI's administrators do."""
    index = index_of(arguments)
    found = project_of(world, index, arguments["project"])
    said = []
    for name, least, most in (("file", FILE_LIMIT, FILE_LIMIT_MOST), ("total", PROJECT_LIMIT, None)):
        if text := arguments.get(name):
            size = _size(text)
            if size < least or (most and size > most):
                next_ = f"choose {_shown(least)} or more" + (f", up to {_shown(most)}" if most else "")
                raise RunbookError("bad-limit", f"administrators cannot set the {name} limit to {text}", next=next_)
            world.store.projects.change(found, **{f"{name}_limit": size})
            said.append(f"{name} limit {_shown(size)}")
    return {"said": f"{found.name} on {index.title}: {', '.join(said) or 'limits as before'}"}


def yank(world: World, arguments: Arguments) -> dict[str, Any]:
    """Yank a release for a `reason`, which may be empty."""
    index, found, version = _release(world, arguments)
    world.store.yank(index.name, found.normalized, version, arguments.get("reason") or "")
    return {"said": f"{found.name} {version} on {index.title} is yanked"}


def unyank(world: World, arguments: Arguments) -> dict[str, Any]:
    """Take a yank back."""
    index, found, version = _release(world, arguments)
    world.store.yank(index.name, found.normalized, version, None)
    return {"said": f"{found.name} {version} on {index.title} is not yanked"}


def delete(world: World, arguments: Arguments) -> dict[str, Any]:
    """Delete a project, one of its releases, or one file of a release; the names of the files stay used."""
    index = index_of(arguments)
    found = project_of(world, index, arguments["project"])
    used = "the names of its files can never be used again"
    if not arguments.get("version"):
        world.store.projects.delete(found)
        return {"said": f"{found.name} is deleted from {index.title}; anybody can register the name, but {used}"}
    version = release_of(world, index, found, arguments["version"])
    if filename := arguments.get("filename"):
        world.store.delete_file(file_of(world, index, found, version, filename))
        return {"said": f"{filename} is deleted from {index.title}; its name can never be used again"}
    world.store.delete_release(index.name, found.normalized, version)
    return {"said": f"{found.name} {version} is deleted from {index.title}; {used}"}


def _release(world: World, arguments: Arguments) -> tuple[Index, Project, str]:
    index = index_of(arguments)
    found = project_of(world, index, arguments["project"])
    return index, found, release_of(world, index, found, arguments["version"])


def _set_status(world: World, index: Index, found: Project, status: str) -> str:
    if status not in STATES:
        raise unknown("status", status, index, STATES)
    if status == ARCHIVED and found.status == QUARANTINED:
        raise RunbookError("quarantined", f"{found.name} is quarantined, and cannot be archived", next="make it active first")
    world.store.projects.change(found, status=status)
    if status != QUARANTINED:
        return f"is {status}"
    # PyPI does so, because such a project is suspected to be malware. It does not thaw them again.
    world.store.accounts.freeze(world.store.projects.members(found))
    return "is quarantined, and its owners and maintainers are frozen"


def _size(text: str) -> int:
    match = SIZE.fullmatch(str(text).strip())
    if not match:
        raise RunbookError("bad-size", f"{text!r} is not a size", next="write it as a number with MB or GB, for example 200MB")
    return int(match[1]) * UNITS[match[2].upper()]


def _shown(size: int) -> str:
    return f"{size // UNITS['GB']} GB" if size % UNITS["GB"] == 0 else f"{size // MEGABYTE} MB"


def _page(error: Refused) -> str | None:
    return f"troubleshooting/{error.rule.entry}.md" if error.rule.entry else None


ACTIONS: dict[str, Action] = {
    "register": register,
    "role": role,
    "project": project,
    "limit": limit,
    "yank": yank,
    "unyank": unyank,
    "delete": delete,
}
