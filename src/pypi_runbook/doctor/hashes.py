"""What a lock file says of the metadata that it was made from: the hash of Poetry and of PDM, and uv's copy of the requirements."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from pypi_runbook.project.text import items, table

Json = dict[str, Any]
# Poetry's manual names these as what a lock depends on; poetry/packages/locker.py of 2.5 hashes them.
PROJECT_KEYS = ("requires-python", "dependencies", "optional-dependencies")
LEGACY_KEYS = ("dependencies", "source", "extras", "dev-dependencies")


def poetry_hashes(data: Json) -> set[str]:
    """Return the content hashes that Poetry accepts in a lock for pyproject.toml's DATA: with and without dependency groups."""
    return {digest(poetry_content(data, groups)) for groups in (table(data.get("dependency-groups")), {})}


def poetry_content(data: Json, groups: Json) -> Json:
    """Return what Poetry hashes; before it knew [project] these were the keys of [tool.poetry] alone, null where they are missing."""
    project = {key: value for key, value in table(data.get("project")).items() if key in PROJECT_KEYS}
    own = table(table(data.get("tool")).get("poetry"))
    standard = bool(project or groups)
    poetry = {key: own.get(key) for key in LEGACY_KEYS if key in own or not standard} | ({"group": own["group"]} if "group" in own else {})
    if not standard:
        return poetry
    return ({"project": project} if project else {}) | ({"dependency-groups": groups} if groups else {}) | {"tool": {"poetry": poetry}}


def pdm_hashes(data: Json) -> set[str]:
    """Return the content hashes that a PDM puts into a lock for pyproject.toml's DATA; older ones hash less of the resolution.

    An empty set where groups include each other: PDM resolves these first.
    """
    project, pdm = table(data.get("project")), table(table(data.get("tool")).get("pdm"))
    groups = table(data.get("dependency-groups")) | table(pdm.get("dev-dependencies"))
    if any(isinstance(entry, dict) for entries in groups.values() for entry in items(entries)):
        return set()
    common = {
        "sources": pdm.get("source", []),
        "dependencies": project.get("dependencies", []),
        "dev-dependencies": {canonicalize_name(name): entries for name, entries in groups.items()},
        "optional-dependencies": project.get("optional-dependencies", {}),
        "requires-python": project.get("requires-python", ""),
    }
    resolution = table(pdm.get("resolution"))
    return {digest(common | extra) for extra in ({"resolution": resolution}, {"overrides": resolution.get("overrides", {})})}


def digest(content: Json) -> str:
    """Return the sha256 of CONTENT as sorted JSON; dates, which no requirement has, count as their text."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def uv_differences(data: Json, lock: Json) -> list[str]:
    """Return in a few words each what uv's LOCK copied from pyproject.toml and what DATA says otherwise now; empty when it is fresh."""
    project = table(data.get("project"))
    name = canonicalize_name(str(project.get("name", "")))
    own = next((package for package in map(table, items(lock.get("package"))) if package.get("name") == name), None)
    if own is None:
        return [f"it knows no package {name}"]
    found = []
    if "version" in own and "version" in project and not same_version(str(own["version"]), str(project["version"])):
        found.append(f"it has version {own['version']}")
    if not same_specifier(str(lock.get("requires-python", "")), str(project.get("requires-python", ""))):
        found.append(f"it has requires-python {lock.get('requires-python')}")
    metadata = table(own.get("metadata"))
    groups = table(data.get("dependency-groups")) | {"dev ": items(table(table(data.get("tool")).get("uv")).get("dev-dependencies"))}
    pairs = [
        (items(metadata.get("requires-dist")), [*items(project.get("dependencies")), *flat(table(project.get("optional-dependencies")))]),
        (flat(table(metadata.get("requires-dev"))), flat(groups)),
    ]
    elsewhere = {canonicalize_name(each) for each in table(table(table(data.get("tool")).get("uv")).get("sources"))} | {name}
    different = [entry for locked, wanted in pairs for entry in {*locked_requirements(locked)} ^ {*wanted_requirements(wanted)}]
    # What comes from the workspace, from git or from itself has no version in the lock.
    return found + [f"the requirement {each}{specifier} differs" for each, specifier in sorted(different) if each not in elsewhere][:3]


def same_version(one: str, other: str) -> bool:
    """Tell whether ONE and OTHER are the same version: uv writes 1.2.dev as 1.2.dev0."""
    try:
        return Version(one) == Version(other)
    except ValueError:
        return one == other


def flat(groups: Json) -> list[Any]:
    """Return the entries of all GROUPS; one that includes another group has the other's entries anyway."""
    return [entry for entries in groups.values() for entry in items(entries)]


def same_specifier(one: str, other: str) -> bool:
    """Tell whether ONE and OTHER are the same version specifiers, however they are written."""
    try:
        return SpecifierSet(one) == SpecifierSet(other)
    except ValueError:
        return one == other


def locked_requirements(entries: list[Any]) -> Iterator[tuple[str, str]]:
    """Yield name and specifier of each requirement that uv copied into the lock."""
    for entry in map(table, entries):
        if "specifier" in entry or not ({"git", "url", "path", "directory", "editable", "virtual"} & entry.keys()):
            yield canonicalize_name(str(entry.get("name", ""))), normal(str(entry.get("specifier", "")))


def wanted_requirements(lines: list[Any]) -> Iterator[tuple[str, str]]:
    """Yield name and specifier of each requirement in LINES; those with an address are not compared."""
    for line in lines:
        try:
            requirement = Requirement(str(line))
        except ValueError:
            continue
        if requirement.url is None:
            yield canonicalize_name(requirement.name), normal(str(requirement.specifier))


def normal(specifier: str) -> str:
    """Return SPECIFIER in one way of writing it."""
    try:
        return str(SpecifierSet(specifier))
    except ValueError:
        return specifier
