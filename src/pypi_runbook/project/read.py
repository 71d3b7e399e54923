"""Reads one repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pypi_runbook.errors import RunbookError
from pypi_runbook.project.facts import Facts, Unknown
from pypi_runbook.project.git import git, read_repository
from pypi_runbook.project.metadata import read_distribution
from pypi_runbook.project.setup_cfg import read_setup_cfg
from pypi_runbook.project.text import is_file, is_folder
from pypi_runbook.project.toml import Toml, read_toml
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
FILES = ("pyproject.toml", "setup.cfg", "setup.py")
DEEPEST = 4


def read_project(root: Path) -> Facts:
    """Return what the files below ROOT say; raise RunbookError with file and line for one that cannot be understood."""
    if not is_folder(root):
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
    """Return the folders below ROOT that hold another distribution: metadata with a name of its own, or a setup.py alone."""
    folders = sorted({path.parent for path in metadata_files(root)})
    return [folder for folder in folders if describes(folder, root)]


def metadata_files(root: Path) -> Iterator[Path]:
    """Yield the metadata files below ROOT: those that git knows or would add, else those that a walk finds."""
    listed = git(root, "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *(f"*/{name}" for name in FILES))
    files = [root / name for name in listed.split("\0") if name] if listed is not None else walk(root)
    for path in files:
        parts = path.relative_to(root).parts[:-1]
        if parts and is_file(path) and len(parts) <= DEEPEST and not any(part in NOT_PROJECTS or part.startswith(".") for part in parts):
            yield path


def walk(root: Path) -> list[Path]:
    """Return the metadata files below ROOT where git cannot list them."""
    found = []
    for folder, names, files in os.walk(root):
        deep = len(Path(folder).relative_to(root).parts) >= DEEPEST
        names[:] = [] if deep else [name for name in names if name not in NOT_PROJECTS and not name.startswith((".", "venv"))]
        found += [Path(folder, name) for name in FILES if name in files]
    return found


def describes(folder: Path, root: Path) -> bool:
    """Tell whether the metadata files of FOLDER describe a distribution; settings of tools alone do not."""
    toml = read_toml(folder / "pyproject.toml", root) if is_file(folder / "pyproject.toml") else Toml({}, {})
    tables = (toml.table("project"), toml.table("tool", "poetry"), read_setup_cfg(folder / "setup.cfg", root).values)
    has_backend = "maturin" in str(toml.table("build-system").get("build-backend"))
    return any(table.get("name") for table in tables) or has_backend or is_file(folder / "setup.py")
