"""Reads one repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pypi_runbook.errors import RunbookError
from pypi_runbook.project.facts import Facts, Unknown
from pypi_runbook.project.git import git, read_repository
from pypi_runbook.project.metadata import read_distribution
from pypi_runbook.project.toml import read_toml
from pypi_runbook.project.workflows import read_workflows

# A project below one of these is a specimen or somebody else's, not a further distribution of this repository.
NOT_PROJECTS = {
    "tests",
    "test",
    "testing",
    "testdata",
    "fixtures",
    "examples",
    "example",
    "samples",
    "docs",
    "vendor",
    "third_party",
    "node_modules",
    "build",
    "dist",
}
DEEPEST = 4


def read_project(root: Path) -> Facts:
    """Return what the files below ROOT say; raise RunbookError with file and line for one that cannot be understood."""
    if not root.is_dir():
        raise RunbookError("no-such-folder", f"there is no folder {root}", next="give the repository's folder with --project")
    root = root.resolve()
    project, unknown = read_distribution(root, root)
    others = [read_distribution(folder, root, f"projects[{index}]") for index, folder in enumerate(further_projects(root))]
    repository, no_repository = read_repository(root, project)
    workflows, no_values = read_workflows(root)
    left_open: list[Unknown] = [*unknown, *(item for _, open_ in others for item in open_), *no_repository, *no_values]
    return Facts(root, project, [other for other, _ in others], repository, workflows, left_open)


def read_names(root: Path) -> list[str]:
    """Return the names of the distributions below ROOT, as they are written; nothing else there is looked at.

    Raises RunbookError, with file and line, for a metadata file that cannot be understood.
    """
    root = root.resolve()
    found = [read_distribution(folder, root)[0] for folder in (root, *further_projects(root))]
    return [each.name for each in found if each and each.name]


def further_projects(root: Path) -> list[Path]:
    """Return the folders below ROOT that hold another distribution: a pyproject.toml with a name of its own."""
    return [path.parent for path in sorted(pyprojects(root)) if has_name(path, root)]


def pyprojects(root: Path) -> Iterator[Path]:
    """Yield the pyproject.toml files below ROOT: those that git knows or would add, else those that a walk finds."""
    listed = git(root, "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", "*/pyproject.toml")
    files = [root / name for name in listed.split("\0") if name] if listed is not None else walk(root)
    for path in files:
        parts = path.relative_to(root).parts[:-1]
        if parts and path.is_file() and len(parts) <= DEEPEST and not any(part in NOT_PROJECTS or part.startswith(".") for part in parts):
            yield path


def walk(root: Path) -> list[Path]:
    """Return the pyproject.toml files below ROOT where git cannot list them."""
    found = []
    for folder, names, files in os.walk(root):
        deep = len(Path(folder).relative_to(root).parts) >= DEEPEST
        names[:] = [] if deep else [name for name in names if name not in NOT_PROJECTS and not name.startswith((".", "venv"))]
        found += [Path(folder, "pyproject.toml")] if "pyproject.toml" in files else []
    return found


def has_name(path: Path, root: Path) -> bool:
    """Tell whether the pyproject.toml at PATH describes a distribution."""
    toml = read_toml(path, root)
    return bool(toml.table("project").get("name") or toml.table("tool", "poetry").get("name"))
