"""What the build backend is built from: the versions that the project's own lock names, or whatever is newest."""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pypi_runbook.manual.tools import say

GROUP = "backend"


def options(project: Path, folder: Path) -> list[str]:
    """Return what `python -m build` needs to be told in PROJECT so that it uses the locked backend; FOLDER takes a file for it.

    An environment that holds exactly what `poetry.lock` has in the group `backend` is used as it is: that needs no network.
    """
    pins = locked(project / "poetry.lock")
    if not pins:
        say("note: no lock says which build backend to use, so the newest one that pyproject.toml allows is taken")
        return []
    if is_here(project, pins):
        return ["--no-isolation"]
    listing = folder / "build-constraints.txt"
    listing.write_text("".join(f"{name}=={version}\n" for name, version in pins.items()))
    return ["--dependency-constraints-txt", str(listing)]


def locked(lock: Path) -> dict[str, str]:
    """Return name and version of each distribution that LOCK holds in the group `backend`.

    Versions without hashes: pip refuses hashed constraints for a requirement that is itself a range, which build requirements are.
    """
    packages = _toml(lock).get("package", [])
    return {canonicalize_name(package["name"]): package["version"] for package in packages if GROUP in package.get("groups", [])}


def is_here(project: Path, pins: dict[str, str]) -> bool:
    """Say whether this Python holds every one of PINS, and PROJECT's build requirements are all among them."""
    wanted = _toml(project / "pyproject.toml").get("build-system", {}).get("requires", [])
    try:
        needed = {canonicalize_name(requirement.name): requirement for requirement in map(Requirement, wanted)}
        return needed.keys() <= pins.keys() and all(metadata.version(name) == version for name, version in pins.items())
    except (InvalidRequirement, metadata.PackageNotFoundError):
        return False


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
