"""A small project that nothing speaks against, in which a test breaks one thing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from pypi_runbook.doctor.checkup import Check, Checkup
from pypi_runbook.finding import Finding
from pypi_runbook.project import read_project

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = ROOT / "tests" / "projects"
PYPROJECT = """\
[project]
name = "plain"
version = "1.2.0"
description = "Nothing speaks against it"
readme = "README.md"
requires-python = ">=3.11"
license = "MIT"
license-files = ["LICENSE"]
authors = [{ name = "Ada Lovelace", email = "ada@python.org" }]
keywords = ["plain"]
classifiers = [
    "Programming Language :: Python :: 3.11",
    "Programming Language :: Python :: 3.12",
]
dependencies = ["packaging>=24"]

[project.urls]
Homepage = "https://github.com/example-org/plain"
Repository = "https://github.com/example-org/plain"
Documentation = "https://github.com/example-org/plain/blob/main/README.md"

[build-system]
requires = ["flit-core>=3.12,<4"]
build-backend = "flit_core.buildapi"
"""
WORKFLOW = """\
name: Publish
on:
  release:
    types: [published]
permissions: {}
jobs:
  publish:
    runs-on: ubuntu-24.04
    environment: pypi
    permissions:
      id-token: write
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
FILES = {
    "pyproject.toml": PYPROJECT,
    "README.md": "# Plain\n\nIt does nothing.\n",
    "LICENSE": "MIT License\n",
    "plain/__init__.py": '"""Plain."""\n\n__version__ = "1.2.0"\n',
    ".github/workflows/publish.yml": WORKFLOW,
}
Changes = dict[str, tuple[str, str] | str | None]


def write(folder: Path, changes: Changes | None = None) -> Path:
    """Write the plain project into FOLDER with CHANGES: a pair replaces text of a file, a text is the whole file, None takes it away."""
    given = changes or {}
    for name, original in (FILES | {name: text for name, text in given.items() if isinstance(text, str)}).items():
        change = given.get(name, "")
        if change is None:
            continue
        if isinstance(change, tuple):
            assert change[0] in original
        text = original.replace(*change, 1) if isinstance(change, tuple) else original
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def committed(folder: Path) -> Path:
    """Make FOLDER a git repository whose only commit holds its files."""
    git(folder, "init", "--quiet", "--initial-branch", "main")
    commit(folder)
    return folder


def commit(folder: Path, message: str = "Change") -> None:
    """Commit everything in FOLDER."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)


def git(folder: Path, *arguments: str) -> None:
    """Run git in FOLDER without the person's settings."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    names = ("-c", "user.name=Ada", "-c", "user.email=ada@example.invalid")
    subprocess.run(["git", "-C", str(folder), *names, *arguments], check=True, capture_output=True, env=env)


def look(check: Check, folder: Path, *, dist: Path | None = None, online: bool = False) -> list[Finding]:
    """Return what CHECK finds in FOLDER."""
    return list(check(Checkup(read_project(folder), dist, online=online)))


def places(findings: Iterable[Finding]) -> set[tuple[str, str | None, int | None]]:
    """Return id, file and line of each of FINDINGS."""
    return {(finding.id, finding.file, finding.line) for finding in findings}
