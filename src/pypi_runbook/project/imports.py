"""The names under which a distribution is imported."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pypi_runbook.project.text import is_file, is_folder, items
from pypi_runbook.project.toml import Toml


def import_names(toml: Toml, folder: Path, name: str | None, others: list[str]) -> list[str]:
    """Return the top-level import names: as the metadata lists them, else as the folder shows them; empty when neither does.

    others: what a file beside pyproject.toml lists.
    """
    listed = [str(item).split(";")[0].strip() for item in items(toml.table("project").get("import-names"))]
    names = listed or from_tool(toml) or others or from_disk(folder, name)
    return list(dict.fromkeys(top(item) for item in names if item))


def top(name: str) -> str:
    """Return the first part of a package's path or dotted name."""
    return re.split(r"[/.]", name.removesuffix(".py"), maxsplit=1)[0]


def from_tool(toml: Toml) -> list[str]:
    """Return the packages that a build backend's own table lists."""
    flit = toml.table("tool", "flit", "module").get("name")
    maturin = toml.table("tool", "maturin").get("module-name")
    uv = toml.table("tool", "uv", "build-backend").get("module-name")
    hatch = items(toml.table("tool", "hatch", "build", "targets", "wheel").get("packages"))
    setuptools = toml.table("tool", "setuptools")
    plain = items(setuptools.get("packages")) + items(setuptools.get("py-modules"))
    found = [poetry_package(entry) for entry in items(toml.table("tool", "poetry").get("packages")) if isinstance(entry, dict)]
    found += [str(item) for item in plain]
    found += [str(item).rstrip("/").rsplit("/", 1)[-1] for item in hatch]
    return found + [str(item) for one in (flit, uv, maturin) if one for item in (one if isinstance(one, list) else [one])]


def poetry_package(entry: dict[str, Any]) -> str:
    """Return the path under which one of Poetry's `packages` lands in the wheel; globs that name no package give nothing."""
    first = top(str(entry.get("to") or entry.get("include", "")))
    return "" if "*" in first else first


def from_disk(folder: Path, name: str | None) -> list[str]:
    """Return the package or module that is called like the distribution, else the only package below src/."""
    if not name:
        return []
    wanted = re.sub(r"[-_.]+", "_", name).lower()
    for base in (folder / "src", folder):
        for candidate in entries(base):
            if candidate.stem.lower() == wanted and (is_folder(candidate) or candidate.suffix == ".py"):
                return [candidate.stem]
    inside = [item.name for item in entries(folder / "src") if is_file(item / "__init__.py")]
    return inside if len(inside) == 1 else []


def entries(folder: Path) -> list[Path]:
    """Return what stands in FOLDER, nothing when it cannot be read."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
