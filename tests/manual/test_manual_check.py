"""`check`, and what `upload` and `verify` refuse before they do anything: an empty, mixed or strange dist/."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from manual_bench import SDIST, WHEEL, Bench

pytest_plugins = ["manual_bench"]


def empty(dist: Path) -> None:
    """Take all files away."""
    for path in dist.iterdir():
        path.unlink()


def add_notes(dist: Path) -> None:
    """Leave a file that is no distribution."""
    (dist / "notes.txt").touch()


def add_zip(dist: Path) -> None:
    """Leave a kind of sdist that PyPI no longer takes."""
    (dist / "runbook_tiny-1.0.0.zip").touch()


def add_folder(dist: Path) -> None:
    """Unpack an artifact one level too deep."""
    (dist / "dist").mkdir()


def add_older(dist: Path) -> None:
    """Leave the release before."""
    (dist / "runbook_tiny-0.9.0.tar.gz").touch()


def rename_project(dist: Path) -> None:
    """Give the project another name after the build."""
    metadata = dist.parent / "pyproject.toml"
    metadata.write_text(metadata.read_text().replace('"runbook-tiny"', '"runbook-small"'))


def bump_version(dist: Path) -> None:
    """Give the project another version after the build."""
    metadata = dist.parent / "pyproject.toml"
    metadata.write_text(metadata.read_text().replace('"1.0.0"', '"1.0.1"'))


REFUSED = [
    (empty, "empty-dist", "dist"),
    (add_notes, "foreign-file-in-dist", "dist/notes.txt"),
    (add_zip, "foreign-file-in-dist", "dist/runbook_tiny-1.0.0.zip"),
    (add_folder, "foreign-file-in-dist", "dist/dist"),
    (add_older, "mixed-dist", "dist"),
    (rename_project, "dist-disagrees", "pyproject.toml"),
    (bump_version, "dist-disagrees", "pyproject.toml"),
]
CASES = pytest.mark.parametrize(("spoil", "identifier", "file"), REFUSED, ids=[spoil.__name__ for spoil, _, _ in REFUSED])


@CASES
def test_check_finds_it(filled: Bench, spoil: Callable[[Path], None], identifier: str, file: str) -> None:
    """Each spoilt dist/ is an error with its place, the next step and a page, and exit status 1."""
    spoil(filled.dist)
    done = filled.run("check", "--json")
    assert done.returncode == 1
    finding = json.loads(done.stdout)["findings"][0]
    assert (finding["id"], finding["severity"], finding["file"]) == (identifier, "error", file)
    assert finding["fix"]
    assert (Path(__file__).parents[2] / "docs" / finding["page"]).is_file()


@CASES
@pytest.mark.parametrize("command", [("upload", "testpypi"), ("upload", "pypi", "--yes"), ("verify", "pypi", "--wait", "0")], ids=" ".join)
def test_nothing_is_sent_or_compared(filled: Bench, command: tuple[str, ...], spoil: Callable[[Path], None], identifier: str, file: str) -> None:
    """The other commands refuse the same things, before the index hears of it."""
    spoil(filled.dist)
    before = len(filled.twin.requests)
    done = filled.run(*command, **filled.token("pypi"))
    assert done.returncode == 1
    assert f"error: {file}:" in done.stderr
    assert "  next: " in done.stderr
    assert "Traceback" not in done.stderr
    assert len(filled.twin.requests) == before, identifier


def test_a_good_dist_passes(filled: Bench) -> None:
    """Both files are given to twine by name, and stdout stays empty."""
    (filled.dist / ".gitignore").write_text("*\n")
    done = filled.run("check")
    assert (done.returncode, done.stdout) == (0, "")
    assert f"twine check --strict dist/{WHEEL} dist/{SDIST}\n" in done.stderr
    assert done.stderr.count("PASSED") == 2


def test_a_missing_kind_is_a_warning(filled: Bench) -> None:
    """An sdist alone looks like a build that was interrupted; it is said, and allowed."""
    (filled.dist / WHEEL).unlink()
    done = filled.run("check", "--json")
    assert done.returncode == 0
    assert [(finding["id"], finding["severity"]) for finding in json.loads(done.stdout)["findings"]] == [("no-wheel", "warning")]


def test_a_description_that_does_not_render_is_found(clone: Bench) -> None:
    """What twine refuses is a finding for each file, under the name that twine said."""
    (clone.root / "README.md").rename(clone.root / "README.rst")
    (clone.root / "README.rst").write_text("Title\n=\n\n.. no-such-directive::\n\n`broken <\n")
    metadata = clone.root / "pyproject.toml"
    metadata.write_text(metadata.read_text().replace("README.md", "README.rst"))
    assert clone.run("build").returncode == 0
    done = clone.run("check", "--json")
    assert done.returncode == 1
    found = [(finding["id"], finding["file"]) for finding in json.loads(done.stdout)["findings"]]
    assert found == [("twine-check", f"dist/{WHEEL}"), ("twine-check", f"dist/{SDIST}")]


def test_a_broken_wheel_is_found(filled: Bench) -> None:
    """A file that twine cannot read at all is an error too, although twine says nothing of the form FILE: FAILED."""
    (filled.dist / WHEEL).write_bytes(b"not a zip file")
    done = filled.run("check", "--json")
    assert done.returncode == 1
    assert [finding["id"] for finding in json.loads(done.stdout)["findings"]] == ["twine-check"]


def test_a_version_that_only_the_backend_knows_is_a_note(filled: Bench) -> None:
    """The check says what it could not compare, and goes on."""
    metadata = filled.root / "pyproject.toml"
    metadata.write_text(metadata.read_text().replace('version = "1.0.0"', 'dynamic = ["version"]'))
    done = filled.run("check", "--json")
    assert done.returncode == 0
    assert [(finding["id"], finding["severity"]) for finding in json.loads(done.stdout)["findings"]] == [("unknown-version", "note")]


def test_a_version_that_is_none_is_refused(filled: Bench) -> None:
    """A version outside PEP 440 is an error of the metadata, with its line."""
    metadata = filled.root / "pyproject.toml"
    metadata.write_text(metadata.read_text().replace('"1.0.0"', '"one"'))
    done = filled.run("check")
    assert done.returncode == 2
    assert "error: pyproject.toml:3: `one` is no version" in done.stderr
