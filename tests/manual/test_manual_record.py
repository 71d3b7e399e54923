"""The manifest and the local record: what they say, what they never say, and that no crash makes them lie."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pypi_runbook.errors import RunbookError
from pypi_runbook.manual.files import parse
from pypi_runbook.manual.manifest import Listed, Manifest, differences, read_manifest, remove_manifest, write_manifest
from pypi_runbook.manual.record import append, entries, passed
from pypi_runbook.manual.release import Release, at, read_release

WHEEL, SDIST = "tried-1.0-py3-none-any.whl", "tried-1.0.tar.gz"
FILES = {WHEEL: "a" * 64, SDIST: "b" * 64}


@pytest.fixture(name="release")
def _release(tmp_path: Path) -> Release:
    """Return a release whose dist/ holds two files that the manifest lists."""
    release = at(tmp_path)
    release.dist.mkdir()
    listed = []
    for name in (WHEEL, SDIST):
        (release.dist / name).write_text(name)
        file = parse(release.dist / name)
        assert file
        listed.append(Listed.of(file))
    write_manifest(
        release, Manifest("tried", "1.0", "c" * 40, "1.0", None, False, "2026-01-01T00:00:00+00:00", "build", {"build": "1"}, tuple(listed))
    )
    return release


def test_a_manifest_is_read_as_it_was_written(release: Release) -> None:
    """Nothing is lost on the way, its schema is 1, and the folder that it lies in ignores itself."""
    manifest = read_manifest(release)
    assert (manifest.schema, manifest.tools, list(manifest.hashes)) == (1, {"build": "1"}, [WHEEL, SDIST])
    assert differences(release, manifest) == []
    assert (release.state / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema": 2}', '{"schema": 1, "files": [{}]}', None])
def test_a_manifest_that_cannot_be_read_is_none(release: Release, text: str | None) -> None:
    """Whatever lies there instead, the answer is that nothing may be uploaded, and how to go on."""
    remove_manifest(release)
    if text is not None:
        (release.state / "manifest.json").write_text(text)
    with pytest.raises(RunbookError, match="no manifest of a finished build") as caught:
        read_manifest(release)
    assert (caught.value.id, caught.value.status) == ("no-manifest", 1)
    assert "--from-artifact" in str(caught.value.next)


def test_each_difference_is_named(release: Release) -> None:
    """A file that is gone, one with other bytes of the same size, and one too many; hidden files are nobody's."""
    manifest = read_manifest(release)
    (release.dist / WHEEL).write_text(WHEEL[::-1])
    (release.dist / SDIST).rename(release.dist / "tried-1.1.tar.gz")
    (release.dist / ".gitignore").touch()
    found = [(problem.id, problem.file, problem.status) for problem in differences(release, manifest)]
    assert found == [("changed-file", f"dist/{WHEEL}", 1), ("missing-file", f"dist/{SDIST}", 1), ("unlisted-file", "dist/tried-1.1.tar.gz", 1)]


def test_a_ref_that_was_built_is_the_release(release: Release) -> None:
    """After `build --ref`, name and version are those of the ref, whatever the checkout is at; otherwise the checkout's."""
    (release.root / "pyproject.toml").write_text('[project]\nname = "tried"\nversion = "2.0"\n')
    assert str(read_release(release.root).version) == "2.0"
    data = json.loads((release.state / "manifest.json").read_text())
    (release.state / "manifest.json").write_text(json.dumps({**data, "ref": "1.0"}))
    named = read_release(release.root)
    assert (str(named.version), named.name, named.file) == ("1.0", "tried", "pyproject.toml at 1.0")


def test_the_latest_entry_for_exactly_these_bytes_counts(release: Release) -> None:
    """Another file, other bytes, another index or another command prove nothing; a later failure takes a success back."""
    append(release, "check", FILES, "passed")
    assert passed(release, "check", dict(reversed(FILES.items())))
    for other in ({WHEEL: FILES[WHEEL]}, FILES | {SDIST: "c" * 64}, {}):
        assert not passed(release, "check", other)
    assert not passed(release, "verify", FILES)
    assert not passed(release, "check", FILES, "testpypi")
    append(release, "check", FILES | {SDIST: "c" * 64}, "failed")
    assert passed(release, "check", FILES)
    append(release, "check", FILES, "failed", "why")
    assert not passed(release, "check", FILES)


def test_an_entry_says_what_an_incident_needs(release: Release) -> None:
    """When, what, which commit, index, project, version and hashes; what looks like a token is masked."""
    append(release, "upload", FILES, "failed", "refused pypi-AgEIcHlwaS5vcmcCJDEyMzQ1Njc4OTAxMjM0NTY3ODkw by https://me:secret@host/", "pypi")
    (entry,) = entries(release)
    assert entry.pop("when").startswith("20")
    assert entry == {
        "schema": 1,
        "command": "upload",
        "commit": "c" * 40,
        "index": "pypi",
        "project": "tried",
        "version": "1.0",
        "files": FILES,
        "result": "failed",
        "reason": "refused *** by https://***@host/",
    }


@pytest.mark.parametrize("torn", [b'{"command": "check", "fil', b"\xff\xfe", b"null", b"\n\n"])
def test_a_line_that_a_crash_cut_off_swallows_no_other(release: Release, torn: bytes) -> None:
    """What was half written is passed over, before and after it."""
    append(release, "check", FILES, "passed")
    with (release.state / "record.jsonl").open("ab") as stream:
        stream.write(torn)
    assert passed(release, "check", FILES)
    append(release, "verify", FILES, "passed", index="pypi")
    assert [entry["command"] for entry in entries(release)] == ["check", "verify"]


def test_a_record_that_cannot_be_written_costs_no_command(release: Release, capfd: pytest.CaptureFixture[str]) -> None:
    """The run goes on, and the person is told."""
    (release.state / "record.jsonl").mkdir()
    append(release, "check", FILES, "passed")
    assert "note: this run could not be written to .pypi-runbook/record.jsonl" in capfd.readouterr().err
