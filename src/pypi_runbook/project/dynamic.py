"""A version that stands in another file as a literal: read here, never computed."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from pypi_runbook.project.setup_cfg import SetupCfg
from pypi_runbook.project.text import items
from pypi_runbook.project.toml import Toml


def is_indirect(version: str) -> bool:
    """Tell whether setup.cfg's VERSION says where the version stands instead of what it is."""
    return version.startswith(("attr:", "file:"))


def literal_version(toml: Toml, setup: SetupCfg, folder: Path, written: str | None) -> tuple[str | None, str]:
    """Return the version that stands as a literal in the file that the metadata names, else None and the reason."""
    tools = toml.table("tool")
    setuptools = toml.table("tool", "setuptools", "dynamic").get("version")
    if isinstance(written, str):
        kind, _, place = written.partition(":")
        return from_place(folder, {kind: place.strip()})
    if isinstance(setuptools, dict):
        return from_place(folder, setuptools)
    if path := toml.table("tool", "hatch", "version").get("path"):
        return from_file(folder, str(path), ("__version__", "VERSION"))
    if "setuptools_scm" in tools or toml.table("tool", "hatch", "version").get("source") == "vcs":
        return None, "it comes from git when the build backend runs; --ask-backend asks it"
    if "flit" in str(toml.table("build-system").get("build-backend")):
        return from_module(folder, str(toml.table("tool", "flit", "module").get("name") or toml.table("project").get("name", "")))
    return None, reason(toml, setup, folder)


def reason(toml: Toml, setup: SetupCfg, folder: Path) -> str:
    """Return why nothing says the version."""
    if "version" in items(toml.table("project").get("dynamic")):
        return "it is dynamic: the build backend decides; --ask-backend asks it"
    if (folder / "setup.py").is_file() and not toml.table("project"):
        return "setup.py is a program; --ask-backend runs it"
    return "the metadata says no version" if toml.data or setup.values else "there is no pyproject.toml, setup.cfg or setup.py"


def from_place(folder: Path, place: dict[str, Any]) -> tuple[str | None, str]:
    """Return the version from setuptools' `attr` (module.attribute) or `file` (the file's text)."""
    if isinstance(place.get("attr"), str):
        module, _, attribute = place["attr"].rpartition(".")
        return from_module(folder, module, attribute)
    files = place.get("file")
    first = files[0] if isinstance(files, list) and files else files
    if isinstance(first, str) and (folder / first).is_file():
        return (folder / first).read_text("utf-8", errors="replace").strip(), ""
    return None, f"the file that should say it does not exist: {first}"


def from_module(folder: Path, module: str, attribute: str = "__version__") -> tuple[str | None, str]:
    """Return MODULE's literal ATTRIBUTE, looked for in the folder and in src/."""
    path = module.replace(".", "/").replace("-", "_")
    for candidate in (f"src/{path}/__init__.py", f"{path}/__init__.py", f"src/{path}.py", f"{path}.py"):
        if (folder / candidate).is_file():
            return from_file(folder, candidate, (attribute,))
    return None, f"the module that should say it was not found: {module}"


def from_file(folder: Path, path: str, names: tuple[str, ...]) -> tuple[str | None, str]:
    """Return the literal string that the file at PATH assigns to one of NAMES."""
    try:
        text = (folder / path).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None, f"the file that should say it cannot be read: {path}"
    if not path.endswith(".py"):
        either = "|".join(names)
        found = re.search(rf"""(?m)^(?:{either})\s*=\s*['"]([^'"]+)['"]""", text)
        return (found[1], "") if found else (None, f"{path} does not say it as a literal")
    value = assigned(text, names)
    return value, "" if value else f"{path} computes it; --ask-backend runs it"


def assigned(source: str, names: tuple[str, ...]) -> str | None:
    """Return the string literal that SOURCE assigns to one of NAMES at its top level."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return None
    for node in body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        named = any(isinstance(target, ast.Name) and target.id in names for target in targets)
        value = getattr(node, "value", None)
        if named and isinstance(value, ast.Constant) and isinstance(value.value, str):
            return value.value
    return None
