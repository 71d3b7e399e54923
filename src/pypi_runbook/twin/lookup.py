"""Finding what an action names, and saying what there is when it is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from packaging.utils import canonicalize_name

from pypi_runbook.errors import RunbookError
from pypi_runbook.twin.hosts import INDEXES, Index
from pypi_runbook.twin.records import File, Project, User
from pypi_runbook.twin.world import World

Arguments = dict[str, Any]
# What an action returns goes to whoever asked, as a JSON object; `said` is for people.
Action = Callable[[World, Arguments], dict[str, Any]]
# Where somebody tries a thing first.
DEFAULT_INDEX = "testpypi"


def index_of(arguments: Arguments) -> Index:
    """Return the index that ARGUMENTS name, TestPyPI unless they do."""
    name = arguments.get("index") or DEFAULT_INDEX
    if name not in INDEXES:
        raise RunbookError("unknown-index", f"there is no index named {name}", next=f"choose from {', '.join(INDEXES)}")
    return INDEXES[name]


def user_of(world: World, index: Index, name: str) -> User:
    """Return INDEX's user called NAME; RunbookError that names the others."""
    user = world.store.accounts.user(index.name, name)
    if user is None:
        known = [each.name for each in world.store.accounts.users(index.name)]
        raise unknown("account", name, index, known, f"make it: pypi-runbook pretend account {name} --index {index.name}")
    return user


def project_of(world: World, index: Index, name: str) -> Project:
    """Return INDEX's project called NAME, however it is spelled; RunbookError that names the others."""
    project = world.store.project(index.name, canonicalize_name(name))
    if project is None:
        other = next(each for each in INDEXES.values() if each is not index)
        there = world.store.project(other.name, canonicalize_name(name))
        advice = f"it is on {other.title}: add --index {other.name}" if there else "upload a file of it first"
        raise unknown("project", name, index, world.store.project_names(index.name), advice)
    return project


def release_of(world: World, index: Index, project: Project, version: str) -> str:
    """Return the VERSION of a release of PROJECT as it was first uploaded; RunbookError that names the others."""
    release = world.store.release(index.name, project.normalized, version)
    if release is None:
        raise unknown(f"release of {project.name}", version, index, world.store.releases(index.name, project.normalized))
    return release[0]


def file_of(world: World, index: Index, project: Project, version: str, filename: str) -> File:
    """Return a file of a release; RunbookError that names the others."""
    files = {file.filename: file for file in world.store.files(index.name, project.normalized) if file.version == version}
    if filename not in files:
        raise unknown(f"file of {project.name} {version}", filename, index, files)
    return files[filename]


def unknown(kind: str, name: str, index: Index, known: Iterable[str], advice: str = "") -> RunbookError:
    """Return the error for something that INDEX does not have, with what it has and what to do."""
    there = ", ".join(known)
    next_ = "; or ".join(part for part in (f"choose from {there}" if there else "", advice) if part)
    slug = kind.split(" ")[0]
    return RunbookError(f"unknown-{slug}", f"{index.title} has no {kind} named {name}", next=next_ or f"{index.title} has none yet")
