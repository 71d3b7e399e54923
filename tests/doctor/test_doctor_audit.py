"""zizmor's findings: those about what publishes, with their line, and none that our own checks tell already."""

from __future__ import annotations

from pathlib import Path

import pytest
from doctor_bench import Changes, look, places, write

from pypi_runbook.doctor.audit import check_with_zizmor, without_repeats
from pypi_runbook.finding import Finding

PUBLISH = ".github/workflows/publish.yml"
ACTION = "runs:\n  using: composite\n  steps:\n    - uses: actions/checkout@v6\n"
OTHER = "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v6\n"
COMMENT = OTHER.replace("on: push", "on: issue_comment")


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, set()),
        ({PUBLISH: ("    steps:\n", "    steps:\n      - uses: actions/setup-python@v6\n")}, {("zizmor-unpinned-uses", PUBLISH, 13)}),
        ({".github/actions/own/action.yml": ACTION, ".github/workflows/other.yml": OTHER}, set()),
        (
            {".github/actions/own/action.yml": ACTION, PUBLISH: ("    steps:\n", "    steps:\n      - uses: ./.github/actions/own\n")},
            {("zizmor-unpinned-uses", ".github/actions/own/action.yml", 4)},
        ),
        ({".github/workflows/other.yml": COMMENT}, {("zizmor-dangerous-triggers", ".github/workflows/other.yml", 1)}),
        ({PUBLISH: ("    steps:\n", "    steps:\n      - uses: actions/setup-python@v6 # zizmor: ignore[unpinned-uses]\n")}, set()),
    ],
)
def test_what_zizmor_says_of_what_publishes(tmp_path: Path, changes: Changes, wanted: set[tuple[str, str, int]]) -> None:
    """Another workflow matters only for a trigger that lets strangers in; what a person had zizmor ignore stays ignored."""
    found = {place for place in places(look(check_with_zizmor, write(tmp_path, changes))) if place[0] != "zizmor-artipacked"}
    assert found == wanted


def test_repeats_are_left_out() -> None:
    """One fault has one finding; another fault at the same line has its own."""
    ours = [Finding("action-not-pinned", "warning", "x", PUBLISH, 3)]
    theirs = [
        Finding(f"zizmor-{name}", "error", "x", PUBLISH, line) for name, line in (("unpinned-uses", 3), ("unpinned-uses", 4), ("artipacked", 3))
    ]
    assert list(without_repeats(theirs, ours)) == theirs[1:]
