"""The doctor against the two specimens and this repository: every fault of one has its finding, the others have none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from doctor_bench import PROJECTS, ROOT

from pypi_runbook.doctor import Checkup, examine
from pypi_runbook.finding import Finding
from pypi_runbook.project import read_project
from pypi_runbook.project.checkout import materialize

DRIFTED = PROJECTS / "nautobot-ai-ops-drifted"
ROW = re.compile(r"^\| (D\d+) \| (\S+) \| `(.+?)` \| .+ \|$", re.MULTILINE)
# The finding that names each fault of the specimen's table.
FINDINGS = {
    "D1": "removed-option",
    "D2": "command-not-installed",
    "D3": "publishes-twice",
    "D4": "dispatch-publishes",
    "D5": "pushes-every-tag",
    "D6": "replaces-release-notes",
    "D7": "stale-copy",
    "D8": "registers-name",
    "D9": "field-of-another-form",
    "D11": "testpypi-without-dependencies",
    "D12": "publishes-without-token",
    "D13": "old-files-in-dist",
    "D14": "id-token-for-every-job",
    "D15": "reupload-claim",
    "D16": "purges-cache",
    "D18": "placeholder-redirects",
    "D19": "command-not-found",
    "D20": "no-such-file",
    "D22": "version-left-behind",
    "D23": "prerelease-guard",
    "D25": "secrets-not-used",
    "D27": "deletes-public-tag",
    "D29": "gate-after-tag",
    "D30": "tag-not-compared",
    "D31": "action-not-pinned",
    "D32": "include-matches-nothing",
    "D35": "license-classifier",
    "D36": "tests-in-wheel",
}
WORKFLOW, GUIDE = ".github/workflows/publish-pypi.yml", "docs/dev/pypi_publishing.md"
# What is found beside the table's faults, each looked at and found to be right.
BESIDES = {
    ("no-license-file", "pyproject.toml"),
    ("requires-python-capped", "pyproject.toml"),
    ("build-requirement-unbounded", "pyproject.toml"),
    ("no-concurrency-group", WORKFLOW),  # what makes D3 and D5 dangerous
    ("publishes-to-both", WORKFLOW),  # D4 on a tag with the box ticked
    ("tools-not-locked", WORKFLOW),  # `pip install twine`, the newest of that day
    ("no-codeowners", WORKFLOW),
    ("zizmor-artipacked", WORKFLOW),
    ("zizmor-template-injection", WORKFLOW),  # the tag's name is pasted into a script
    ("stale-copy", GUIDE),  # the description beside D7
    ("action-not-pinned", WORKFLOW),  # the actions beside D31
    ("command-not-installed", GUIDE),  # the second command of D2
    ("reupload-claim", "README.md"),  # the words of D15, which the specimen's own table quotes
}


def examined(project: Path, place: str, tmp: Path) -> list[Finding]:
    """Return what is found in PROJECT, as the folder that it is or as a git repository of its own with its release's tag."""
    if place == "repository":
        materialize(project, tmp / "project", tmp / "origin.git")
        project = tmp / "project"
    return examine(Checkup(read_project(project)))


@pytest.mark.parametrize("place", ["folder", "repository"])
def test_every_fault_of_the_drifted_specimen_is_named(tmp_path: Path, place: str) -> None:
    """Each row of its table has its finding at a line with the row's evidence, and every other finding was judged."""
    found = examined(DRIFTED, place, tmp_path)
    rows = ROW.findall((DRIFTED / "README.md").read_text())
    assert [row for row, _, _ in rows] == list(FINDINGS)
    unnamed, named = [], set()
    for row, file, evidence in rows:
        lines = [number for number, line in enumerate((DRIFTED / file).read_text().splitlines(), 1) if evidence in line]
        hits = [finding for finding in found if (finding.id, finding.file) == (FINDINGS[row], file) and finding.line in lines]
        unnamed += [] if hits else [row]
        named |= set(hits)
    assert unnamed == []
    others = {(finding.id, finding.file) for finding in found if finding not in named}
    assert others - BESIDES == set()
    assert BESIDES - others - {(finding.id, finding.file) for finding in named} == set()


@pytest.mark.parametrize("place", ["folder", "repository"])
def test_nothing_is_found_in_the_specimen_that_does_it_right(tmp_path: Path, place: str) -> None:
    """Not even a note."""
    assert examined(PROJECTS / "nautobot-ai-ops", place, tmp_path) == []


def test_nothing_is_found_here() -> None:
    """Not even a note: what this project tells others it does itself."""
    assert examined(ROOT, "folder", ROOT) == []


def test_every_finding_says_what_to_do_and_leads_to_a_page_that_exists() -> None:
    """A finding without a fix, or with a page that is not there, helps nobody."""
    for finding in examined(DRIFTED, "folder", ROOT):
        assert finding.fix, finding
        assert finding.page, finding
        assert (ROOT / "docs" / finding.page.partition("#")[0]).is_file(), finding
