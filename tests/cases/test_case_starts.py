"""Failures that maintainers reported: nothing starts, or too much does; what doctor, show and rehearse say of each."""

from __future__ import annotations

from pathlib import Path

import pytest
from case import Case

from pypi_runbook.doctor.workflow_triggers import says_version


def test_created_and_drafts(tmp_path: Path) -> None:
    """`created` is not sent for a published draft: doctor, show and rehearse say so, and name `published` (linkml/linkml-map#281)."""
    case = Case("case-created-and-drafts", tmp_path)
    file = ".github/workflows/pypi-publish.yaml"
    line = case.line(file, "created")
    (finding,) = case.run("doctor", "--json").findings("misses-drafts")
    assert (finding["severity"], finding["file"], finding["line"], finding["page"]) == (
        "warning",
        file,
        line,
        "troubleshooting/workflow-does-not-start.md",
    )
    assert "does not send `created` when a draft is published" in finding["message"]
    assert "types: [published]" in finding["fix"]
    assert [each["id"] for each in case.run("show", "--json").document["warnings"]] == ["misses-drafts"]
    case.change(file, "types: [created]", "types: [published]")
    assert case.run("show", "--json").document["warnings"] == []


def test_archive_tag(tmp_path: Path) -> None:
    """A tag that is no version starts the workflow, and the release does not wait: doctor and rehearse say both (FZJ-IEK3-VSA/tsam#442)."""
    tags = ("git tag v3.4.2", "git commit -q --allow-empty -m Archive", "git tag v4-development-history")
    case, file = Case("case-archive-tag", tmp_path, *tags), ".github/workflows/publish.yaml"
    said = case.run("doctor", "--json")
    (pattern,), (release,) = said.findings("tag-is-no-version"), said.findings("release-before-upload")
    assert (pattern["file"], pattern["line"]) == (file, case.line(file, "tags:"))
    assert "the tag v4-development-history says no version, and a push of it starts this workflow" in pattern["message"]
    assert (release["file"], release["line"]) == (file, case.line(file, "softprops"))
    assert "without waiting for the upload to PyPI in job publish" in release["message"]
    assert "`needs: publish`" in release["fix"]
    said = case.run("rehearse", "push", "--ref", "v4-development-history")
    assert said.status == 1
    assert "Can't parse version from tag 'v4-development-history'" in said.words
    assert "yet a job made the release v4-development-history, which would be public on GitHub" in said.words
    case.change(file, 'tags: ["v*"]', 'tags: ["v[0-9]+.[0-9]+.[0-9]+*"]')
    case.change(file, "  github-release:\n", "  github-release:\n    needs: publish\n")
    said = case.run("doctor", "--json")
    assert said.findings("tag-is-no-version") + said.findings("release-before-upload") == []


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        ("1.0", True),
        ("v1.0rc1", True),
        ("r1.0", True),
        ("release-1.0", True),
        ("ver1.0", True),
        ("pkg2-v1.0", True),
        ("pkg/1.0.dev1", True),
        ("v4-development-history", False),
        ("archive", False),
        ("archive-4.x.0", False),
        ("2024-archive", False),
    ],
)
def test_a_tag_says_a_version_or_none(tag: str, version: bool) -> None:
    """A tag may have something before its version, and nothing behind it."""
    assert says_version(tag) is version


def test_workflow_run_two_hops(tmp_path: Path) -> None:
    """Behind a second workflow_run the tag is lost: show, doctor and rehearse say so; no pull request starts this chain (alphatwirl/atpbar#80)."""
    case, file = Case("case-workflow-run-two-hops", tmp_path, "git tag v1.4.0"), ".github/workflows/pypi.yml"
    message = "after “GitHub release”, which `workflow_run` starts itself, `head_branch` is main and not the tag"
    said = case.run("doctor", "--json")
    (finding,) = said.findings("tag-lost-by-workflow-run")
    assert (finding["file"], finding["line"]) == (file, case.line(file, "workflows: [GitHub release]"))
    assert message in finding["message"]
    assert "publish in that workflow" in finding["fix"]
    assert said.findings("untrusted-checkout") == []
    assert [each["id"] for each in case.run("show", "--json").document["warnings"]] == ["tag-lost-by-workflow-run"]
    said = case.run("rehearse")
    assert said.status == 2
    assert message in said.words
    assert "follows GitHub release by `workflow_run`, which cannot be rehearsed" in said.words
    case.change(file, "[GitHub release]", "[Changelog]")
    assert case.run("doctor", "--json").findings("tag-lost-by-workflow-run") == []
    case.change(".github/workflows/changelog.yml", "  push:\n", "  pull_request:\n  push:\n")
    (finding,) = case.run("doctor", "--json").findings("untrusted-checkout")
    assert (finding["file"], finding["line"]) == (file, case.line(file, "ref: "))
