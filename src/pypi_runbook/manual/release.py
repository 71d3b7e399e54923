"""What is about to be published: one version of one distribution, the `dist/` that holds its files, and where state is kept."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import Version

from pypi_runbook.errors import RunbookError
from pypi_runbook.project import read_project

PAGE = "publishing/manual.md"
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Release:
    """One version of one distribution.

    name, version: as the metadata file says them, the name normalized; None where only the build backend knows.
    file, line: where the version stands, for messages.
    """

    root: Path
    name: str | None
    version: Version | None
    file: str
    line: int | None

    @property
    def dist(self) -> Path:
        """The folder that uploads are taken from; it holds distributions only."""
        return self.root / "dist"

    @property
    def state(self) -> Path:
        """The folder for everything that must not lie in `dist/`; git ignores it."""
        return self.root / ".pypi-runbook"

    def command(self, verb: str) -> str:
        """Return what a person types for VERB in this project: its own script where it carries one."""
        script = self.root / "scripts" / verb
        own = script.is_file() and "pypi_runbook" in script.read_text(errors="replace")
        return f"scripts/{verb}" if own else f"pypi-runbook {verb}"


def read_release(root: Path) -> Release:
    """Return the release that the real files of ROOT describe; RunbookError when they cannot be read.

    After `build --ref` it is the release of that ref, which the files of the checkout need not be at.
    """
    return named(at(root)) or described(root)


def at(root: Path) -> Release:
    """Return the release of ROOT with nothing known of it, for a command that finds out; no file is read."""
    return Release(root.resolve(), None, None, "pyproject.toml", None)


def described(root: Path) -> Release:
    """Return the release that the metadata in ROOT describe; RunbookError when they cannot be read."""
    project = read_project(root).project
    line = project.lines.get("version")
    try:
        version = Version(project.version) if project.version else None
    except ValueError as error:
        advice = "write a version that PEP 440 allows, for example 1.2.0 or 1.2.0rc1"
        raise RunbookError("bad-version", f"`{project.version}` is no version", project.file, line, advice, PAGE) from error
    return Release(root.resolve(), canonicalize_name(project.name) if project.name else None, version, project.file, line)


def named(release: Release) -> Release | None:
    """Return the release that the last build was asked for by a ref, None when it took the checkout as it was."""
    try:
        data = json.loads((release.state / MANIFEST).read_text(encoding="utf-8"))
        ref = data["ref"]
        return replace(release, name=data["name"], version=Version(data["version"]), file=f"{release.file} at {ref}") if ref else None
    except (OSError, ValueError, LookupError, TypeError):
        return None


def open_state(release: Release) -> Path:
    """Return the state folder, made on first use with a `.gitignore` of its own, so that no project has to list it."""
    release.state.mkdir(exist_ok=True)
    ignore = release.state / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    return release.state
