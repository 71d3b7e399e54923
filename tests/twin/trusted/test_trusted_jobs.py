"""A job of a workflow file as GitHub would run it: which one is meant, what its identity says, and whether it gets one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pypi_runbook.errors import RunbookError
from pypi_runbook.project import read_project
from pypi_runbook.twin.trusted.expected import expected_publisher
from pypi_runbook.twin.trusted.jobs import JobRun, read_job
from pypi_runbook.twin.trusted.publishers import made_up_id

PUBLISH = """\
name: Publish
on:
  push:
    tags: ["*"]
  release:
    types: [published]
  workflow_dispatch:
  pull_request:
  pull_request_target:
permissions:
  id-token: write
jobs:
  build:
    runs-on: ubuntu-latest
    permissions: {contents: read}
    steps: [{run: make}]
  inherits:
    runs-on: ubuntu-latest
    environment: Release
    steps: [{uses: pypa/gh-action-pypi-publish@release/v1}]
  chosen:
    runs-on: ubuntu-latest
    environment: ${{ inputs.where }}
    steps: [{run: make}]
  local:
    uses: ./.github/workflows/called.yml
    permissions: {id-token: write}
  weak:
    uses: ./.github/workflows/called.yml
    permissions: {contents: read}
  remote:
    uses: octo/shared/.github/workflows/upload.yml@v1
    permissions: {id-token: write}
  released:
    if: github.event_name == 'release' && github.repository == 'octo/sample'
    runs-on: ubuntu-latest
    steps: [{run: make}]
  after:
    needs: released
    runs-on: ubuntu-latest
    environment: ${{ startsWith(github.ref, 'refs/tags/') && 'stable' || 'trial' }}
    steps: [{run: make}]
  anyway:
    needs: released
    if: always() && !github.event.release.prerelease
    runs-on: ubuntu-latest
    environment: {name: "${{ github.event_name == 'release' && 'pypi' || 'testpypi' }}"}
    steps: [{run: make}]
  given:
    uses: ./.github/workflows/given.yml
    with:
      where: ${{ github.ref_type }}
    permissions: {id-token: write}
"""
GIVEN = """\
on: {workflow_call: {inputs: {where: {type: string}}}}
jobs:
  send:
    runs-on: ubuntu-latest
    environment: ${{ inputs.where == 'tag' && 'pypi' || 'testpypi' }}
    steps: [{run: twine upload dist/*}]
  skipped:
    if: github.event_name == 'schedule'
    runs-on: ubuntu-latest
    steps: [{run: make}]
"""
CALLED = """\
on: workflow_call
jobs:
  upload:
    runs-on: ubuntu-latest
    environment: pypi
    steps: [{run: twine upload dist/*}]
  closed:
    runs-on: ubuntu-latest
    permissions: {}
    steps: [{run: make}]
"""
OTHER = "on: workflow_dispatch\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps: [{run: make}]\n"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a commit, the tag v1.0 and four workflows."""
    folder = tmp_path_factory.mktemp("repository")
    workflows = folder / ".github" / "workflows"
    workflows.mkdir(parents=True)
    for name, text in (("publish.yml", PUBLISH), ("called.yml", CALLED), ("given.yml", GIVEN), ("other.yml", OTHER)):
        (workflows / name).write_text(text)
    (folder / "pyproject.toml").write_text('[project]\nname = "sample"\nversion = "1.0"\n')
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.invalid"]
    remote = "git@github.com:octo/sample.git"
    for command in (["init", "-qb", "main"], ["remote", "add", "origin", remote], ["add", "."], ["commit", "-qm", "x"], ["tag", "v1.0"]):
        subprocess.run([*git, *command], cwd=folder, check=True)
    return folder


def job(root: Path, name: str, event: str = "release", **options: object) -> JobRun:
    """Return the job NAME of the repository at ROOT."""
    return read_job(read_project(root), name, event, **options)  # type: ignore[arg-type]


def test_claims_are_githubs(root: Path) -> None:
    """The claims say where and on what the job runs, with today's subject, and variables show the same."""
    run = job(root, "inherits")
    owner, repository = made_up_id("octo"), made_up_id("octo/sample")
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=True).stdout.strip()
    path = "octo/sample/.github/workflows/publish.yml@refs/tags/v1.0"
    wanted = {
        "sub": f"repo:octo@{owner}/sample@{repository}:environment:Release",
        "repository_owner_id": owner,
        "repository_id": repository,
        "workflow": "Publish",
        "workflow_ref": path,
        "job_workflow_ref": path,
        "ref": "refs/tags/v1.0",
        "ref_type": "tag",
        "sha": head,
        "event_name": "release",
        "environment": "Release",
        "runner_environment": "github-hosted",
    }
    assert {name: run.claims[name] for name in wanted} == wanted
    shown = ("GITHUB_ACTIONS", "GITHUB_REPOSITORY", "GITHUB_REF", "GITHUB_REF_NAME", "GITHUB_SHA", "GITHUB_WORKFLOW_REF", "GITHUB_JOB")
    assert [run.variables[name] for name in shown] == ["true", "octo/sample", "refs/tags/v1.0", "v1.0", head, path, "inherits"]
    assert run.refusal == ""
    assert job(root, "inherits").claims["run_id"] != run.claims["run_id"]


@pytest.mark.parametrize(
    ("event", "ref", "full", "context"),
    [
        ("push", None, "refs/tags/v1.0", "ref:refs/tags/v1.0"),
        ("push", "v1.0", "refs/tags/v1.0", "ref:refs/tags/v1.0"),
        ("push", "topic", "refs/heads/topic", "ref:refs/heads/topic"),
        ("release", "2.0", "refs/tags/2.0", "ref:refs/tags/2.0"),
        ("workflow_dispatch", None, "refs/heads/main", "ref:refs/heads/main"),
        ("workflow_dispatch", "refs/heads/next", "refs/heads/next", "ref:refs/heads/next"),
        ("pull_request", None, "refs/pull/1/merge", "pull_request"),
        ("pull_request_target", None, "refs/heads/main", "ref:refs/heads/main"),
    ],
)
def test_ref_follows_from_the_event(root: Path, event: str, ref: str | None, full: str, context: str) -> None:
    """Each event has the ref that GitHub gives it, and the subject's end goes with it where there is no environment."""
    claims = job(root, "build", event, ref=ref, workflow="publish.yml").claims
    assert (claims["ref"], claims["sub"].split(":", 2)[2], "environment" in claims) == (full, context, False)


@pytest.mark.parametrize(
    ("name", "file", "refusal"),
    [
        ("inherits", "octo/sample/.github/workflows/publish.yml@refs/tags/v1.0", ""),
        ("build", "octo/sample/.github/workflows/publish.yml@refs/tags/v1.0", ".github/workflows/publish.yml:13: the job build lacks"),
        ("upload", "octo/sample/.github/workflows/called.yml@refs/tags/v1.0", ""),
        ("local/upload", "octo/sample/.github/workflows/called.yml@refs/tags/v1.0", ""),
        ("local/closed", "octo/sample/.github/workflows/called.yml@refs/tags/v1.0", ".github/workflows/publish.yml:25: the job local"),
        ("weak/upload", "octo/sample/.github/workflows/called.yml@refs/tags/v1.0", ".github/workflows/publish.yml:28: the job weak lacks"),
        ("remote", "octo/shared/.github/workflows/upload.yml@v1", ""),
    ],
)
def test_permissions_and_called_workflows(root: Path, name: str, file: str, refusal: str) -> None:
    """A job's own permissions replace the workflow's, a called job gets at most its caller's, and the identity names the called file."""
    run = job(root, name, workflow="publish.yml")
    assert run.claims["job_workflow_ref"] == file
    assert run.claims["workflow_ref"] == "octo/sample/.github/workflows/publish.yml@refs/tags/v1.0"
    assert run.refusal.startswith(refusal)
    assert bool(run.refusal) == bool(refusal)


def test_forks_get_no_identity(root: Path) -> None:
    """A pull request from a fork has none, whatever the permissions say; one of the repository itself has."""
    assert "from a fork" in job(root, "inherits", "pull_request", fork=True).refusal
    assert job(root, "inherits", "pull_request").refusal == ""
    assert job(root, "inherits", "pull_request_target", fork=True).refusal == ""


@pytest.mark.parametrize(
    ("name", "event", "workflow", "id_", "place", "next_"),
    [
        ("nope", "push", None, "no-such-job", ".github/workflows/publish.yml:13", "choose a job:"),
        ("inherits", "schedule", None, "no-such-event", ".github/workflows/publish.yml:2", "choose an event: push, release"),
        ("build", "workflow_dispatch", None, "which-workflow", "", "--workflow FILE"),
        ("build", "push", "none.yml", "no-such-workflow", ".github/workflows: ", "called.yml, given.yml, other.yml, publish.yml"),
        ("chosen", "workflow_dispatch", None, "unknown-environment", ".github/workflows/publish.yml:21", "into the workflow"),
    ],
)
def test_what_does_not_exist_is_named(root: Path, name: str, event: str, workflow: str | None, id_: str, place: str, next_: str) -> None:
    """A job, an event or a file that the repository lacks ends with what there is, and where."""
    with pytest.raises(RunbookError) as caught:
        job(root, name, event, workflow=workflow)
    assert caught.value.id == id_
    assert str(caught.value).startswith(place)
    assert next_ in str(caught.value.next)


@pytest.mark.parametrize(
    ("name", "event", "place", "why", "next_"),
    [
        ("released", "push", ".github/workflows/publish.yml:35", "`if: github.event_name == 'release'", "release"),
        ("after", "workflow_dispatch", ".github/workflows/publish.yml:35", "since it waits for the job released", "release"),
        ("given/skipped", "release", ".github/workflows/given.yml:8", "`if: github.event_name == 'schedule'` is false", "push, release"),
    ],
)
def test_a_job_that_the_event_does_not_run_is_refused(root: Path, name: str, event: str, place: str, why: str, next_: str) -> None:
    """A job whose `if:` is false for the event, or that waits for such a one, is no job of that run; the message leads to the line."""
    with pytest.raises(RunbookError) as caught:
        job(root, name, event)
    assert caught.value.id == "job-does-not-run"
    assert str(caught.value).startswith(place)
    assert why in caught.value.message
    assert str(caught.value.next).startswith(f"choose an event that it runs for: {next_}")


@pytest.mark.parametrize(
    ("name", "event", "ref", "environment"),
    [
        ("after", "release", None, "stable"),
        ("anyway", "release", None, "pypi"),
        ("anyway", "workflow_dispatch", None, "testpypi"),
        ("given/send", "push", "v1.0", "pypi"),
        ("given/send", "push", "main", "testpypi"),
        ("chosen", "push", None, ""),
    ],
)
def test_an_environment_that_the_event_decides(root: Path, name: str, event: str, ref: str | None, environment: str) -> None:
    """An expression as environment is worked out for the event, the ref and what a caller gives."""
    claims = job(root, name, event, ref=ref).claims
    assert claims.get("environment", "") == environment


def test_publisher_that_the_files_say(root: Path) -> None:
    """The publisher to register is that of the file in which the uploading job stands, with its environment."""
    assert str(expected_publisher(read_project(root), "pypi")) == "octo/sample/called.yml@pypi"
    assert expected_publisher(read_project(root), "testpypi") is None


def test_repository_must_be_known(tmp_path: Path) -> None:
    """Without a repository on GitHub there is no job to act as."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "sample"\nversion = "1.0"\n')
    with pytest.raises(RunbookError, match="name a repository on GitHub"):
        job(tmp_path, "build", "push")
