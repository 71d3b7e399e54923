"""Failures that maintainers reported: the publishing action where it does not work, which its stand-in must not hide."""

from __future__ import annotations

from pathlib import Path

import pytest
from case import Case

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.workflow_publish_action import check_publish_action
from pypi_runbook.project import read_project
from pypi_runbook.project.publish_action import NEWEST, RELEASES, no_image, reads, release_of, works_inside_composite
from pypi_runbook.rules.sample import make_wheel

FILE = ".github/workflows/publish.yml"
UNKNOWN = "0123456789abcdef0123456789abcdef01234567"


def test_publish_inside_composite(tmp_path: Path) -> None:
    """The publishing action fails inside a composite action: doctor names the place, rehearse fails as Docker does (tobocop2/lilbee#232)."""
    case, action = Case("case-publish-inside-composite", tmp_path), ".github/actions/promote/action.yml"
    (finding,) = case.run("doctor", "--json").findings("publish-action-in-composite")
    assert (finding["severity"], finding["file"], finding["line"]) == ("error", action, case.line(action, "gh-action-pypi-publish"))
    assert "is not supported inside a composite action" in finding["message"]
    assert finding["fix"] == f"call it from the workflow itself, in job publish ({FILE}:{case.line(FILE, 'actions/promote')})"
    said = case.quicken(FILE).run("rehearse", "release", "--json")
    assert (said.status, said.document["result"], said.document["uploads"]) == (1, "failure", [])
    reason = said.jobs()["publish"]["steps"][-1]["reason"]
    assert "Unable to find image 'ghcr.io/example-org/capstanwheel:1.4.0' locally; docker: Error response from daemon: manifest unknown." in reason
    assert "call it from the workflow itself" in reason
    case.change(action, "@release/v1", f"@{UNKNOWN}")
    assert case.run("doctor", "--json").findings("publish-action-in-composite") == []


def test_action_twine_too_old(tmp_path: Path) -> None:
    """The twine inside the pinned action refuses the metadata: doctor and rehearse say so, and what to use (xorcise-ai/xorcise#69)."""
    case = Case("case-action-twine-too-old", tmp_path)
    (finding,) = case.run("doctor", "--json").findings("publish-action-too-old")
    assert (finding["severity"], finding["file"], finding["line"]) == ("error", FILE, case.line(FILE, "@v1.14.1"))
    assert "pypa/gh-action-pypi-publish@v1.14.1 has twine 6.1.0 inside" in finding["message"]
    assert "'2.5' is not a valid metadata version" in finding["message"]
    assert "use v1.14.2 (dc37677b2e1c63e2034f94d8a5b11f265b73ba33) or later, or bound the backend: hatchling<1.32.0" in finding["fix"]
    (case.root / "built").mkdir()
    make_wheel(case.root / "built", "gullwatch", "1.4.0", headers=[("Metadata-Version", "2.5")])
    case.sh("git add -A")
    case.quicken(FILE, "cp built/* dist/").change(FILE, "python -m pip install twine==7.0.0 && python -m twine", "true")
    said = case.run("rehearse", "release", "--json")
    assert (said.status, said.document["uploads"]) == (1, [])
    reason = said.jobs()["publish"]["steps"][-1]["reason"]
    assert reason.startswith("InvalidDistribution: Invalid distribution metadata: '2.5' is not a valid metadata version")
    assert "pypa/gh-action-pypi-publish@v1.14.1 has an older twine inside, 6.1.0" in reason
    case.change(FILE, "@v1.14.1", f"@{UNKNOWN}")
    said = case.run("rehearse", "release", "--json")
    notes = [each["reason"] for each in said.document["not_rehearsed"] if "twine inside" in each["what"]]
    assert (len(said.document["uploads"]), notes) == (1, ["it is not known whether it reads Metadata-Version 2.5"])


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("@v1.14.1", "@v1.14.2", []),
        ("@v1.14.1", f"@{NEWEST.commit}", []),
        ("@v1.14.1", "@release/v1", []),
        ("@v1.14.1", "@v1.13.0", ["publish-action-too-old"]),
        ("@v1.14.1", "@v1.12.4", []),
        ("@v1.14.1", f"@{UNKNOWN}", []),
        ("@v1.14.1", f"@{NEWEST.tag_object}", ["publish-action-without-image"]),
        ("hatchling>=1.32", "hatchling", ["publish-action-too-old"]),
        ("hatchling>=1.32", "hatchling>=1.40", ["publish-action-too-old"]),
        ("hatchling>=1.32", "hatchling>=1.27,<1.32", []),
        ("hatchling>=1.32", "hatchling==1.30.1", []),
        ('hatchling.build"\n', 'hatchling.build"\n[tool.hatch.build.targets.wheel]\ncore-metadata-version = "2.4"\n', []),
    ],
)
def test_refs_of_the_action(tmp_path: Path, old: str, new: str, wanted: list[str]) -> None:
    """What is found depends on the release that the ref is, and on what the backend writes; what nobody knows is no finding."""
    case = Case("case-action-twine-too-old", tmp_path)
    case.change(FILE if old.startswith("@") else "pyproject.toml", old, new)
    found = [*check_publish_action(Checkup(read_project(case.root)))]
    assert [each.id for each in found] == wanted


def test_the_table_of_releases() -> None:
    """Every ref of the table is a whole one of its kind, and tells its release; what is not in it is not known."""
    assert [each.tag for each in RELEASES] == sorted((each.tag for each in RELEASES), key=lambda tag: [int(part) for part in tag[1:].split(".")])
    for each in RELEASES:
        assert release_of(each.tag) is release_of(each.commit) is each
        assert {len(ref) for ref in (each.commit, each.tag_object) if ref} == {40}
        assert (no_image(each.commit) is None) is each.image
        assert each.tag_object is None or "tag object" in (no_image(each.tag_object) or "")
        assert each.source
    assert (release_of(UNKNOWN), no_image(UNKNOWN), reads(UNKNOWN, "2.5"), works_inside_composite(UNKNOWN)) == (None, None, None, None)
    assert [works_inside_composite(ref) for ref in ("v1.8.14", "v1.10.0", "v1.11.0", "v1.12.2", "release/v1", "release/v1.8", "master")] == [
        *(True, None, None, False, False, True, None)
    ]
