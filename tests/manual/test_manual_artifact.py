"""`build --from-artifact`: the failed run's own files, whatever they come in, and only when they are the release that they claim to be."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest
from build_bench import bump, bytes_of, commit, git, manifest, record
from manual_bench import ROOT, SDIST, WHEEL, Bench

from pypi_runbook.errors import RunbookError
from pypi_runbook.manual.artifact import take
from pypi_runbook.manual.release import at

pytest_plugins = ["manual_bench", "build_bench"]

GH = """#!/bin/sh
printf '%s\\n' "$*" >> "$GH_ASKED"
case "$1 $2" in
    'run view') printf '{"headSha": "%s"}' "$GH_COMMIT" ;;
    'run download') for last; do :; done; mkdir -p "$last/dist" && cp "$GH_FILES"/* "$last/dist" ;;
esac
"""


@pytest.fixture(name="artifact")
def _artifact(built: Path, tmp_path: Path) -> Path:
    """Copy what a run would have built into a folder."""
    return Path(shutil.copytree(built, tmp_path / "artifact"))


def rewrite(wheel: Path, old: bytes, new: bytes) -> None:
    """Replace OLD by NEW in all metadata of WHEEL."""
    with zipfile.ZipFile(wheel) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content.replace(old, new) if name.endswith("METADATA") else content)


def resource(sdist: Path, path: str, content: bytes) -> None:
    """Give the member PATH of SDIST other CONTENT."""
    with tarfile.open(sdist) as archive:
        held = [(member, archive.extractfile(member)) for member in archive]
        kept = [(member, stream.read() if stream else b"") for member, stream in held]
    with tarfile.open(sdist, "w:gz") as archive:
        for member, old in kept:
            new = content if member.name.endswith(path) else old
            member.size = len(new)
            archive.addfile(member, io.BytesIO(new))


def refused(bench: Bench, where: Path | str, ref: str | None = None) -> str:
    """Return the words with which the files of WHERE are refused; nothing that could be uploaded lies there afterwards."""
    with pytest.raises(RunbookError) as caught:
        take(at(bench.root), str(where), ref)
    assert caught.value.next
    assert (ROOT / "docs" / str(caught.value.page)).is_file()
    assert not (bench.root / ".pypi-runbook" / "manifest.json").exists()
    assert record(bench)[-1]["result"] == "failed"
    return str(caught.value)


def test_a_folder_is_taken_for_the_tag_of_its_version(clone: Bench, artifact: Path) -> None:
    """The files fit the tag 1.0.0, although something else is checked out; they are taken as they are, from any depth."""
    (artifact / "dist").mkdir()
    (artifact / WHEEL).rename(artifact / "dist" / WHEEL)
    (artifact / "dist" / f"{WHEEL}.publish.attestation").touch()
    bump(clone.root, "1.1.0")
    done = clone.run("build", "--from-artifact", str(artifact))
    assert done.returncode == 0, done.stderr
    assert f"left out what is no distribution of this project: {WHEEL}.publish.attestation" in done.stderr
    assert bytes_of(clone.dist) == {SDIST: (artifact / SDIST).read_bytes(), WHEEL: (artifact / "dist" / WHEEL).read_bytes()}
    found = manifest(clone)
    assert (found["source"], found["tag"], found["ref"], found["commit"]) == (
        "artifact",
        "1.0.0",
        "1.0.0",
        git(clone.root, "rev-parse", "1.0.0^{commit}"),
    )
    assert record(clone)[0]["reason"].startswith("artifact of tag 1.0.0")


def test_a_zip_file_is_taken_as_github_gives_it(clone: Bench, artifact: Path, tmp_path: Path) -> None:
    """Only the last part of a member's name counts, so that no archive writes elsewhere."""
    with zipfile.ZipFile(tmp_path / "dist.zip", "w") as archive:
        archive.write(artifact / SDIST, f"../../{SDIST}")
        archive.write(artifact / WHEEL, WHEEL)
    assert clone.run("build", "--from-artifact", str(tmp_path / "dist.zip")).returncode == 0
    assert bytes_of(clone.dist) == bytes_of(artifact)
    assert manifest(clone)["ref"] is None, "the tag is what is checked out"


def test_what_an_earlier_build_moved_aside_comes_back(filled: Bench, built: Path) -> None:
    """Even dist/ itself can be named, and so can the folder into which a build by mistake moved it."""
    assert filled.run("build", "--from-artifact", "dist").returncode == 0
    (aside,) = filled.root.glob(".pypi-runbook/dist-*")
    shutil.rmtree(filled.dist)
    assert filled.run("build", "--from-artifact", str(aside)).returncode == 0
    assert bytes_of(filled.dist) == bytes_of(built)


def test_a_run_is_fetched_with_gh(clone: Bench, artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person's own gh fetches the artifacts, and says which commit the run built; that must be the ref that was named."""
    commands = tmp_path / "bin"
    commands.mkdir()
    (commands / "gh").write_text(GH)
    (commands / "gh").chmod(0o755)
    head = git(clone.root, "rev-parse", "HEAD")
    path = f"{commands}{os.pathsep}{clone.env['PATH']}"
    gh = {"PATH": path, "GH_ASKED": str(tmp_path / "asked"), "GH_FILES": str(artifact), "GH_COMMIT": head}
    done = clone.run("build", "--from-artifact", "https://github.com/example/tiny/actions/runs/1234567890/job/1", **gh)
    assert done.returncode == 0, done.stderr
    assert "$ gh run download 1234567890 --repo example/tiny --dir " in done.stderr
    assert bytes_of(clone.dist) == bytes_of(artifact)
    later = commit(clone.root, {"later.txt": "later"})
    for name, value in gh.items():
        monkeypatch.setenv(name, value)
    assert "the run built commit" in refused(clone, "1234567890", later)


def test_without_gh_the_way_through_the_browser_is_named(clone: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to have gh."""
    (tmp_path / "git").symlink_to(str(shutil.which("git")))
    monkeypatch.setenv("PATH", str(tmp_path))
    words = refused(clone, "https://github.com/example/tiny/actions/runs/1234567890")
    assert "gh, GitHub's command, is not installed" in words
    assert "download the artifact from https://github.com/example/tiny/actions/runs/1234567890" in words


def test_files_of_another_version_are_refused(clone: Bench, artifact: Path) -> None:
    """The version in the names must be the one that the commit says."""
    assert "dist/runbook_tiny-1.0.0-py3-none-any.whl is version 1.0.0, the project is at 1.1.0" in refused(clone, artifact, bump(clone.root, "1.1.0"))


def test_metadata_that_belie_the_name_are_refused(clone: Bench, artifact: Path) -> None:
    """A wheel that says another version inside than outside was not built so."""
    rewrite(artifact / WHEEL, b"Version: 1.0.0", b"Version: 1.0.1")
    assert "the metadata inside say runbook-tiny 1.0.1" in refused(clone, artifact)


def test_sources_that_the_tag_does_not_hold_are_refused(clone: Bench, artifact: Path) -> None:
    """Files of another commit with the same version are found by what lies inside."""
    resource(artifact / SDIST, "runbook_tiny/__init__.py", b"evil = True\n")
    assert "1 of its files are not as tag 1.0.0 has them: runbook_tiny/__init__.py" in refused(clone, artifact)


def test_line_ends_alone_are_no_difference(clone: Bench, artifact: Path) -> None:
    """A run on Windows checks out with other line ends, and its files are no less the release."""
    text = (clone.root / "README.md").read_bytes()
    resource(artifact / SDIST, "README.md", text.replace(b"\n", b"\r\n"))
    take(at(clone.root), str(artifact), None)


def test_two_files_of_one_name_are_refused(clone: Bench, artifact: Path) -> None:
    """Two attempts in one folder leave open which one was uploaded."""
    (artifact / "second").mkdir()
    (artifact / "second" / WHEEL).write_bytes(b"other")
    assert f"there are two files {WHEEL} with different bytes" in refused(clone, artifact)


@pytest.mark.parametrize("where", ["nowhere.zip", "README.md", "runbook_tiny"])
def test_what_holds_no_distribution_is_refused(clone: Bench, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong path, a file that is no archive, and a folder without distributions."""
    monkeypatch.chdir(clone.root)
    refused(clone, where)
