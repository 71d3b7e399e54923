"""One small mistake in a workflow that publishes: the rehearsal fails where GitHub and PyPI would, with their words."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import Rehearsed, commit, project, rehearse

from pypi_runbook.rules.sample import make_sdist, make_wheel

FILE = ".github/workflows/publish.yml"
WORKFLOW = """\
name: Publish
on:
  release:
    types: [published]
permissions: {}
jobs:
  build:
    runs-on: ubuntu-latest
    permissions: {contents: read}
    steps:
      - uses: actions/checkout@v5
      - name: Compare tag and version
        run: test "$GITHUB_REF_NAME" = "$(cat version)" || { echo "::error::tag $GITHUB_REF_NAME is not $(cat version)"; exit 1; }
      - uses: actions/upload-artifact@v5
        with: {name: dist, path: dist/, if-no-files-found: error}
  publish:
    needs: build
    runs-on: ubuntu-latest
    permissions: {id-token: write}
    environment: pypi
    steps:
      - uses: actions/download-artifact@v5
        with: {name: dist, path: dist/}
      - uses: pypa/gh-action-pypi-publish@release/v1
        with: {attestations: false}
"""
# For each mistake: what is replaced by what, the arguments beside it, the job and the step that fail, and words of its log.
FORM = "octo/small/publish.yml@pypi"
BROKEN = {
    "no id-token": ("permissions: {id-token: write}", "permissions: {contents: read}", (), "publish", 1, "id-token: write"),
    "wrong environment": ("environment: pypi", "environment: release", ("--publisher", FORM), "publish", 1, "invalid-publisher"),
    "no environment": ("    environment: pypi\n", "", ("--publisher", FORM), "publish", 1, "invalid-publisher"),
    "artifact name": (
        "with: {name: dist, path: dist/}",
        "with: {name: dists, path: dist/}",
        (),
        "publish",
        0,
        "Artifact not found for name: dists",
    ),
    "nothing needed": ("    needs: build\n", "", (), "publish", 0, "Artifact not found for name: dist"),
    "nothing built": ("path: dist/, if", "path: build/, if", (), "build", 2, "No files were found with the provided path: build/"),
    "other tag": ("", "", ("--ref", "v1.2.0"), "build", 1, "tag v1.2.0 is not 1.2.0"),
}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a project with built files in it, so that no rehearsal has to build."""
    root = project(tmp_path_factory.mktemp("broken") / "p", WORKFLOW, {"version": "1.2.0"})
    (root / "dist").mkdir()
    make_wheel(root / "dist", "small-rehearsed", "1.2.0")
    make_sdist(root / "dist", "small-rehearsed", "1.2.0")
    commit(root, "git add -f dist; git commit -qm files")
    return root


def with_workflow(root: Path, text: str) -> None:
    """Commit TEXT as the workflow of ROOT."""
    (root / FILE).write_text(text)
    commit(root, "git commit -qam workflow || true")


def test_without_a_mistake_it_publishes(repository: Path) -> None:
    """The workflow that the others break is right: both files reach PyPI under the environment's identity."""
    with_workflow(repository, WORKFLOW)
    done = rehearse(repository)
    assert done.status == 0, done.words
    assert {upload["publisher"] for upload in done.document["uploads"]} == {FORM}
    assert len(done.document["uploads"]) == 2


@pytest.mark.parametrize("name", BROKEN)
def test_a_mistake_fails_at_its_step_with_its_words(name: str, repository: Path) -> None:
    """The job and the step are those that fail on GitHub, the words are the action's or the index's, and nothing is published."""
    before, after, arguments, job, step, words = BROKEN[name]
    with_workflow(repository, WORKFLOW.replace(before, after, 1) if before else WORKFLOW)
    done = rehearse(repository, *arguments)
    failed = [each["id"] for each in done.document["jobs"] if each["result"] == "failure"]
    assert (done.status, failed) == (1, [job]), done.words
    results = [each["result"] for each in done.job(job)["steps"]]
    assert results.index("failure") == step
    assert words in done.log
    assert done.document["uploads"] == []


def test_a_refused_identity_names_claim_and_page(repository: Path) -> None:
    """Where PyPI only says that no publisher matched, the rehearsal says which claim differs, and which page explains it."""
    with_workflow(repository, WORKFLOW.replace("environment: pypi", "environment: release"))
    done = rehearse(repository, "--publisher", FORM)
    assert done.job("publish")["steps"][1]["page"] == "troubleshooting/invalid-publisher.md"
    assert "   page: troubleshooting/invalid-publisher.md\n" in done.words
    assert any("environment" in line for line in done.document["refused"]), done.words


def test_two_triggers_publish_one_release_twice(repository: Path) -> None:
    """A workflow that the tag's push starts too runs twice, and each run's jobs are told apart."""
    with_workflow(repository, WORKFLOW.replace("  release:", "  push: {tags: ['*']}\n  release:"))
    done = rehearse(repository)
    assert list(done.results) == ["build", "publish", "push: build", "push: publish"]
    assert done.words.count("run number") == 2
    assert "GitHub starts this workflow 2 times for one release: release (published), push" in done.document["notes"]


def test_a_publishing_job_in_another_repository_is_not_trusted(repository: Path, tmp_path: Path) -> None:
    """PyPI compares the file in which the job stands, and that one is another repository's."""
    text = WORKFLOW.replace("on:\n  release:\n    types: [published]\n", "on:\n  workflow_call: {}\n")
    called = project(tmp_path / "tools", text.replace("permissions: {}\n", ""))
    commit(called, "git tag v1")
    with_workflow(
        repository,
        f"on: {{release: {{types: [published]}}}}\npermissions: {{contents: read, id-token: write}}\njobs:\n  all: {{uses: octo/tools/{FILE}@v1}}\n",
    )
    done: Rehearsed = rehearse(repository, "--workflow", "publish.yml", "--repository", f"octo/tools={called}", "--publisher", FORM)
    assert done.results == {"all / build": "success", "all / publish": "failure"}, done.words
    assert "invalid-publisher" in done.log
