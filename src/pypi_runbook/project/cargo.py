"""The fields that maturin takes from `Cargo.toml`, in the words of pyproject.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from pypi_runbook.project.repositories import toml
from pypi_runbook.project.text import inside, is_file, table, text_of

# maturin's labels for Cargo's three links, in its order.
URLS = {"homepage": "Homepage", "documentation": "Documentation", "repository": "Source Code"}
TEXTS = ("name", "description", "license", "readme")


def read_cargo(manifest: Path, root: Path) -> dict[str, Any]:
    """Return the package that MANIFEST describes, values of its workspace included; empty when there is none below ROOT.

    `modules` holds the name under which its library is imported.
    """
    data = toml(text_of(manifest, root))
    package = table(data.get("package"))
    shared = workspace_package(manifest, package, root)
    given = {key: shared.get(key) if is_inherited(value) else value for key, value in package.items()}
    found = {key: given[key] for key in TEXTS if isinstance(given.get(key), str)}
    if package:
        module = table(data.get("lib")).get("name") or given.get("name")
        found["modules"] = [str(module).replace("-", "_")]
    found |= {key: given[key] for key in ("authors", "keywords") if isinstance(given.get(key), list)}
    if urls := {label: given[key] for key, label in URLS.items() if isinstance(given.get(key), str)}:
        found["urls"] = urls
    version = pep440(given.get("version"))
    return found | ({"version": version} if version else {})


def is_inherited(value: Any) -> bool:
    """Tell whether VALUE is `{ workspace = true }`."""
    return isinstance(value, dict) and value.get("workspace") is True


def workspace_package(manifest: Path, package: dict[str, Any], root: Path) -> dict[str, Any]:
    """Return `[workspace.package]` of the workspace that MANIFEST belongs to: its own, the one it names, or the next above it."""
    named = package.get("workspace")
    folders = [manifest.parent / named] if isinstance(named, str) else [manifest.parent, *manifest.parent.parents]
    for folder in folders:
        path = folder / "Cargo.toml"
        if inside(folder, root) and is_file(path) and isinstance(space := toml(text_of(path, root)).get("workspace"), dict):
            return table(space.get("package"))
    return {}


def pep440(version: Any) -> str | None:
    """Return Cargo's semantic VERSION as Python writes it (`1.0.0-beta.1` is 1.0.0b1); None when it has no such form."""
    try:
        return str(Version(version)) if isinstance(version, str) else None
    except (InvalidVersion, ValueError):
        return None
