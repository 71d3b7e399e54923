"""Failures that maintainers reported: nothing starts, or too much does; what doctor, show and rehearse say of each."""

from __future__ import annotations

from pathlib import Path

from case import Case


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
