"""Cases in which every job is green and the index still lacks the release: the rehearsal and the doctor say why."""

from __future__ import annotations

from pathlib import Path

import pytest
from case import Case

RAISED = ("git tag v1.2.4", "echo 1.3.0 > VERSION", "git commit -q -a -m 'Raise VERSION'")


def test_version_file_that_the_build_does_not_read(tmp_path: Path) -> None:
    """The rehearsal fails because the version was released before; the doctor says which file was raised in vain."""
    case = Case("case-green-and-nothing-new", tmp_path, *RAISED)
    said = case.run("rehearse", "push", "--ref", "main", "--yes", "--json")
    assert {name: job["result"] for name, job in said.jobs().items()} == {"build": "success", "publish": "success"}
    (finding,) = said.document["findings"]
    assert (said.status, said.document["result"], finding["id"]) == (1, "failure", "version-released-before")
    assert "built cleatknot 1.2.4, and the tag v1.2.4 is on another commit" in finding["message"]
    assert "`skip-existing` hides the refusal and nothing new is published" in finding["message"]
    found = case.run("doctor", "--json")
    (differs,) = found.findings("version-file-differs")
    assert differs["message"] == "the version here is 1.2.4, which is what a build takes, but VERSION says 1.3.0"
    assert differs["line"] == case.line("pyproject.toml", "version =")
    assert [each["file"] for each in found.findings("skip-existing-on-pypi")] == [".github/workflows/build_wheels.yml"]


def test_version_that_was_raised_in_both_files(tmp_path: Path) -> None:
    """With one more line changed the same push is a success."""
    case = Case("case-green-and-nothing-new", tmp_path, "git tag v1.2.4", "echo 1.3.0 > VERSION")
    case.change("pyproject.toml", 'version = "1.2.4"', 'version = "1.3.0"')
    said = case.run("rehearse", "push", "--ref", "main", "--yes", "--json")
    assert (said.status, said.document["result"], said.document["findings"]) == (0, "success", []), said.stderr
    assert case.run("doctor", "--json").findings("version-file-differs") == []


def test_commit_that_an_earlier_job_pushed(tmp_path: Path) -> None:
    """The job after the push still builds the event's commit, also with all of the history, and the rehearsal says what to check out."""
    case = Case("case-build-of-the-old-commit", tmp_path)
    said = case.run("rehearse", "push", "--ref", "main", "--yes", "--json")
    assert {name: job["result"] for name, job in said.jobs().items()} == dict.fromkeys(("bump", "build", "publish"), "success"), said.stderr
    assert sorted(upload["filename"] for upload in said.document["uploads"]) == ["leeboard-1.9.8-py3-none-any.whl", "leeboard-1.9.8.tar.gz"]
    (finding,) = said.document["findings"]
    assert (said.status, finding["id"]) == (1, "old-commit-built")
    assert "the run made the tag v1.9.9, but published leeboard 1.9.8" in finding["message"]
    assert "give its commit to the next jobs as an output, and to actions/checkout as `ref`" in finding["fix"]
    (static,) = case.run("doctor", "--json").findings("old-commit-built")
    assert static["message"] == "job build builds the commit of the event, not the one that job bump commits and pushes before it"
    assert static["line"] == case.line(".github/workflows/release.yml", "fetch-depth: 0") - 2


def test_pushed_commit_that_is_checked_out(tmp_path: Path) -> None:
    """The same workflow whose build checks out the branch publishes what the tag says."""
    case = Case("case-build-of-the-old-commit", tmp_path)
    case.change(".github/workflows/release.yml", "          fetch-depth: 0\n", "          fetch-depth: 0\n          ref: main\n")
    said = case.run("rehearse", "push", "--ref", "main", "--yes", "--json")
    assert (said.status, said.document["findings"]) == (0, []), said.stderr
    assert "leeboard-1.9.9.tar.gz" in [upload["filename"] for upload in said.document["uploads"]]
    assert case.run("doctor", "--json").findings("old-commit-built") == []


def test_member_of_a_workspace(tmp_path: Path) -> None:
    """The member is what is published: its form, its findings and its release; the private root has none."""
    case = Case("case-workspace-member-published", tmp_path, "git tag v0.1.2")
    said = case.run("rehearse", "release", "--ref", "v0.1.2", "--yes", "--json")
    assert (said.status, said.document["result"]) == (0, "success"), said.stderr
    assert sorted(upload["filename"] for upload in said.document["uploads"]) == ["skiff_server-0.1.2-py3-none-any.whl", "skiff_server-0.1.2.tar.gz"]
    assert "registered a pending publisher for skiff-server on PyPI" in said.words
    found = case.run("doctor", "--build", "--json").document
    assert [form["project"] for form in found["publishers"]] == ["skiff-server"]
    assert found["publishers"][0]["url"] == "https://pypi.org/manage/project/skiff-server/settings/publishing/"
    assert [each for each in found["findings"] if each["file"] == "pyproject.toml"] == []
    assert [each["id"] for each in found["findings"] if each["severity"] == "error"] in ([], ["zizmor-cache-poisoning"])


@pytest.mark.parametrize("step", ["run: uv build", "run: cd . && uv build --sdist --wheel"])
def test_member_whose_files_are_in_the_workspace(tmp_path: Path, step: str) -> None:
    """Without `--out-dir` uv puts the member's files into the root's dist/, where the upload does not look."""
    case = Case("case-workspace-member-published", tmp_path)
    case.change(".github/workflows/publish.yml", "run: uv build --out-dir dist", step)
    (finding,) = case.run("doctor", "--json").findings("workspace-dist")
    assert finding["line"] == case.line(".github/workflows/publish.yml", "uv build")
    assert finding["severity"] == "error"


def test_root_that_is_published_after_all(tmp_path: Path) -> None:
    """A workflow that builds the private root gets the index's refusal as a finding again."""
    case = Case("case-workspace-member-published", tmp_path)
    case.change(
        ".github/workflows/publish.yml", "      - working-directory: ./skiff-server\n        run: uv build --out-dir dist", "      - run: uv build"
    )
    case.change(".github/workflows/publish.yml", "packages-dir: skiff-server/dist/", "packages-dir: dist/")
    said = case.run("doctor", "--json")
    assert [(each["file"], each["line"]) for each in said.findings("classifier-unknown")] == [
        ("pyproject.toml", case.line("pyproject.toml", "Private"))
    ]
