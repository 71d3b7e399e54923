"""Whether a run in which every job succeeded published what it was for."""

from __future__ import annotations

from typing import Any

import pytest

from pypi_runbook.finding import Finding
from pypi_runbook.project import Job, Publish, Workflow
from pypi_runbook.rehearsal.purpose import Ends, missed, version_of
from pypi_runbook.rehearsal.results import JobResult, NotRehearsed, Report, Upload
from pypi_runbook.rehearsal.telling import in_words

FILE = ".github/workflows/publish.yml"
HELD = (
    "refused: twine/7.0 to https://upload.pypi.org/legacy/: 400 File already exists ('plain-1.2.0.tar.gz', with blake2_256 hash 'aa'). "
    "See https://pypi.org/help/#file-name-reuse for more information. (troubleshooting/file-already-exists.md)"
)
MADE = {"tag": "v1.2.0", "body": "", "name": "v1.2.0", "prerelease": False, "draft": False}


def job(name: str, result: Any = "success", reason: str = "") -> JobResult:
    """Return how a job ended."""
    return JobResult(name, name, result, FILE, 3, reason)


def upload(version: str, index: str = "pypi", name: str = "plain") -> Upload:
    """Return an sdist that an index took."""
    return Upload(index, f"{name}-{version}.tar.gz", "aa", "")


def found(report: Report, *, uploads: bool = True, before: dict[str, str] | None = None, after: dict[str, str] | None = None) -> list[str]:
    """Return the findings of REPORT's run, whose job `publish` uploads to PyPI unless UPLOADS is false; tags BEFORE and AFTER by their commits."""
    publishes = [Publish("pypi", "pypa/gh-action-pypi-publish", "trusted-publishing", 9)] if uploads else []
    publish = Job("publish", "publish", 3, 9, [], None, None, None, [], publishes, [], None, None)
    tags = before or {}
    return [each.id for each in missed(report, Workflow(FILE, "Publish", 1, [], [publish]), Ends([], tags, tags | (after or {})))]


def report(ref: str = "refs/tags/v1.2.0", event: str = "release", **more: Any) -> Report:
    """Return the report of a run that published 1.2.0, with MORE instead."""
    return Report(event, ref, FILE, "c" * 40, **{"jobs": [job("publish")], "uploads": [upload("1.2.0")], **more})


@pytest.mark.parametrize(
    ("run", "id_"),
    [
        (report(uploads=[]), "nothing-published"),
        (report(uploads=[], jobs=[job("publish", "skipped", "its `if` does not hold: false")]), "nothing-published"),
        (report(uploads=[], event="push"), "nothing-published"),
        (report("refs/heads/main", "workflow_dispatch", uploads=[], release=MADE), "nothing-published"),
        (report("refs/tags/v1.3.0"), "other-version"),
        (report("refs/tags/plain-v1.3.0"), "other-version"),
        (report("refs/tags/2026.01.05", uploads=[upload("2026.1.5")]), "version-normalised"),
        (report(refused=[HELD]), "skipped-existing"),
    ],
)
def test_run_that_missed_its_purpose(run: Report, id_: str) -> None:
    """Nothing published, another version than the tag's, one that PyPI spells otherwise, or a file that was hidden."""
    assert found(run) == [id_]


@pytest.mark.parametrize(
    "run",
    [
        report(),
        report("refs/tags/1.2"),
        report("refs/tags/v1.2.0-rc1", uploads=[upload("1.2.0rc1")]),
        report("refs/tags/stable"),
        report("refs/heads/main", "push"),
        report("refs/heads/main", "push", uploads=[]),
        report(event="workflow_dispatch", uploads=[]),
        report("refs/heads/main", "push", uploads=[], release=MADE | {"draft": True}),
        report("refs/tags/v3", uploads=[upload("1.2.0"), upload("4.0", name="other")]),
        report("refs/tags/v3", uploads=[upload("3.dev7", "testpypi")]),
        report(
            uploads=[], release={"prerelease": True}, jobs=[job("publish", "skipped", "its `if` does not hold: !github.event.release.prerelease")]
        ),
        report(uploads=[], not_rehearsed=[NotRehearsed("x", "y", "z")]),
        report(refused=[HELD.replace("upload.pypi", "test.pypi")]),
    ],
)
def test_run_that_did_what_it_was_for(run: Report) -> None:
    """Tags that say no version, several distributions, TestPyPI, runs by hand and pre-releases that are left out are no failures."""
    assert found(run) == []
    assert found(report(uploads=[]), uploads=False) == []


def test_failed_run_has_its_own_reason() -> None:
    """Where a job failed, that is the result, and nothing is added to it."""
    assert found(report(uploads=[], jobs=[job("publish", "failure")])) == []


def test_tags_around_the_push_of_a_branch() -> None:
    """A version that was tagged on another commit was released before; a tag that the run makes has to be the version that it publishes."""
    push = report("refs/heads/main", "push")
    assert found(push, before={"v1.2.0": "a" * 40}) == ["version-released-before"]
    assert found(push, before={"v1.2.0": "c" * 40, "v1.1.0": "a" * 40}) == []
    assert found(push, after={"v1.3.0": "d" * 40}) == ["old-commit-built"]
    assert found(push, after={"v1.2.0": "d" * 40, "latest": "d" * 40}) == []


def test_finding_makes_a_failure() -> None:
    """The result, and with it the exit status, is a failure although every job succeeded."""
    run = report()
    run.findings = [Finding("nothing-published", "error", "nothing came")]
    assert run.result == "failure"
    assert "; every job succeeded, but the run did not publish what it was for" in in_words(run)[-1]


@pytest.mark.parametrize(
    ("tag", "version"),
    [("v1.2", "1.2"), ("V1", "1"), ("a-b-1.2", "1.2"), ("core/v2.0", "2.0"), ("x@1.0-rc1", "1.0rc1"), ("latest", None), ("a1", None)],
)
def test_version_that_a_tag_says(tag: str, version: str | None) -> None:
    """A name before the version and a `v` are not part of it."""
    said = version_of(tag)
    assert (str(said) if said else None) == version
