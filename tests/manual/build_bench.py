"""A clone of the tiny project that builds in a second, because its lock names the backend that is here, and what tests do with it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from manual_bench import Bench

WHEN = "2026-01-01T00:00:00+00:00"
LOCK = '[[package]]\nname = "poetry-core"\nversion = "{}"\ngroups = ["{}"]\n'


def lock(version: str | None = None, group: str = "backend") -> str:
    """Return a poetry.lock that names one version of the backend, the one that is here unless told."""
    return LOCK.format(version or metadata.version("poetry-core"), group)


def git(folder: Path, *arguments: str) -> str:
    """Return what git prints in FOLDER; author, committer and dates are fixed."""
    who = {"GIT_AUTHOR_NAME": "R", "GIT_AUTHOR_EMAIL": "r@example.invalid", "GIT_AUTHOR_DATE": WHEN}
    who |= {key.replace("AUTHOR", "COMMITTER"): value for key, value in who.items()} | {"GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True, env={**os.environ, **who})
    return done.stdout.rstrip("\n")


def commit(folder: Path, texts: dict[str, str] | None = None) -> str:
    """Write TEXTS, by path, commit everything, and return the commit's name."""
    for name, text in (texts or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "Change")
    return git(folder, "rev-parse", "HEAD")


def bump(folder: Path, version: str) -> str:
    """Give the project in FOLDER another version, commit that, and return the commit's name."""
    metadata_file = folder / "pyproject.toml"
    metadata_file.write_text(metadata_file.read_text().replace('"1.0.0"', f'"{version}"'))
    return commit(folder)


def manifest(bench: Bench) -> dict[str, Any]:
    """Return the manifest of the last build."""
    found: dict[str, Any] = json.loads((bench.root / ".pypi-runbook" / "manifest.json").read_text())
    return found


def record(bench: Bench) -> list[dict[str, Any]]:
    """Return the entries of the local record."""
    path = bench.root / ".pypi-runbook" / "record.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Return what lies in FOLDER, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(name="original", scope="session")
def _original(builder: Bench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a clone that builds with the backend that is here; the lock is in the commit that is tagged."""
    root = tmp_path_factory.mktemp("original") / "tiny"
    shutil.copytree(builder.root, root, ignore=shutil.ignore_patterns("dist", ".pypi-runbook"))
    commit(root, {"poetry.lock": lock(), ".gitignore": "dist/\n"})
    git(root, "tag", "--force", "1.0.0")
    return root


@pytest.fixture(name="finished", scope="session")
def _finished(builder: Bench, original: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build that clone once, for tests that begin after a build."""
    root = tmp_path_factory.mktemp("finished") / "tiny"
    shutil.copytree(original, root)
    done = replace(builder, root=root).run("build")
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture(name="quick")
def _quick(builder: Bench, original: Path, tmp_path: Path) -> Bench:
    """Copy the clone that builds quickly."""
    return replace(builder, root=Path(shutil.copytree(original, tmp_path / "tiny")))


@pytest.fixture(name="done")
def _done(builder: Bench, finished: Path, tmp_path: Path) -> Bench:
    """Copy the clone that was built: its dist/ is full, and its manifest is there."""
    return replace(builder, root=Path(shutil.copytree(finished, tmp_path / "tiny")))
