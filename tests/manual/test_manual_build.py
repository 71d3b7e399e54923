"""`build`: a fresh dist/, the same bytes for the same commit, and nothing to upload after a failure."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest
from manual_bench import SDIST, WHEEL, Bench

pytest_plugins = ["manual_bench"]

GREEDY = """
import io, pathlib, tarfile

def build_sdist(folder, settings=None):
    with tarfile.open(pathlib.Path(folder, "runbook_tiny-1.0.0.tar.gz"), "w:gz") as archive:
        archive.add(".", "runbook_tiny-1.0.0", filter=lambda member: None if "building" in member.name else member)
    return "runbook_tiny-1.0.0.tar.gz"

def build_wheel(folder, settings=None, metadata=None):
    name = "runbook_tiny-1.0.0-py3-none-any.whl"
    pathlib.Path(folder, name).touch()
    return name
"""


def test_dist_is_fresh_and_the_command_is_shown(clone: Bench) -> None:
    """Whatever lay in dist/ is moved aside, and the plain command is printed before it runs."""
    clone.dist.mkdir()
    (clone.dist / "runbook_tiny-0.9.0.tar.gz").write_text("old")
    done = clone.run("build")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in clone.dist.iterdir()) == [WHEEL, SDIST]
    assert [path.read_text() for path in clone.root.glob(".pypi-runbook/dist-*/*")] == ["old"]
    assert "python -m build --outdir .pypi-runbook/building\n" in done.stderr
    assert [line.split("  ")[1] for line in done.stdout.splitlines()] == [f"dist/{WHEEL}", f"dist/{SDIST}"]


def test_git_sees_nothing_of_it(filled: Bench) -> None:
    """The folder of our state ignores itself, so that a project has nothing to add to its own .gitignore."""
    assert filled.run("build").returncode == 0
    status = subprocess.run(["git", "status", "--porcelain"], cwd=filled.root, capture_output=True, text=True, check=True)
    assert status.stdout == "?? dist/\n"


def test_one_commit_gives_the_same_bytes(clone: Bench, built: Path) -> None:
    """Two builds of one commit in two folders are equal, because their time is the commit's."""
    assert clone.run("build").returncode == 0
    assert {path.name: path.read_bytes() for path in clone.dist.iterdir()} == {path.name: path.read_bytes() for path in built.iterdir()}
    with zipfile.ZipFile(clone.dist / WHEEL) as wheel:
        assert {entry.date_time[:3] for entry in wheel.infolist()} == {(2026, 1, 1)}


def test_a_failed_build_leaves_nothing_to_upload(filled: Bench) -> None:
    """After a failure dist/ is gone, so that the next command of a paste refuses instead of sending the old files."""
    (filled.root / "README.md").unlink()
    done = filled.run("build")
    assert done.returncode == 2
    assert "error: python -m build ended with status 1" in done.stderr
    assert not filled.dist.exists()
    upload = filled.run("upload", "testpypi", **filled.token("testpypi"))
    assert upload.returncode == 1
    assert "dist/ holds no distribution" in upload.stderr
    assert not filled.posts()


def test_the_lock_pins_the_backend(clone: Bench) -> None:
    """A version that poetry.lock names in the group `backend` is the one that is asked for."""
    (clone.root / "poetry.lock").write_text('[[package]]\nname = "poetry-core"\nversion = "0.0.1"\ngroups = ["backend"]\n')
    done = clone.run("build")
    assert done.returncode == 2
    assert "--dependency-constraints-txt .pypi-runbook/build-constraints.txt" in done.stderr
    assert "poetry-core==0.0.1" in done.stderr


@pytest.mark.parametrize("group", ["main", "lock"])
def test_other_groups_pin_nothing(clone: Bench, group: str) -> None:
    """What a project runs with says nothing about what it is built with."""
    (clone.root / "poetry.lock").write_text(f'[[package]]\nname = "poetry-core"\nversion = "0.0.1"\ngroups = ["{group}"]\n')
    done = clone.run("build")
    assert done.returncode == 0, done.stderr
    assert "--dependency-constraints-txt" not in done.stderr


def test_a_backend_that_takes_everything_is_stopped(filled: Bench) -> None:
    """Earlier builds, which lie in our folder, do not travel in a new sdist."""
    (filled.root / "greedy.py").write_text(GREEDY)
    (filled.root / "PKG-INFO").write_text("Metadata-Version: 2.4\nName: runbook-tiny\nVersion: 1.0.0\n")
    metadata = filled.root / "pyproject.toml"
    metadata.write_text(metadata.read_text().replace("poetry.core.masonry.api", "greedy").replace('["poetry-core>=2.2"]', '[]\nbackend-path = ["."]'))
    done = filled.run("build")
    assert done.returncode == 2
    assert ".gitignore: the sdist took in the folder .pypi-runbook/" in done.stderr
    assert not filled.dist.exists()


def test_changes_that_no_commit_holds_are_named(clone: Bench) -> None:
    """The person learns which files the commit does not account for."""
    (clone.root / "runbook_tiny" / "late.py").touch()
    assert "?? runbook_tiny/late.py" in clone.run("build").stderr
