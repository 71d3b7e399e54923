"""Malformed, truncated and hostile projects: the doctor ends with a message or with findings, never in a traceback."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from pypi_runbook.doctor import CHECKS, Checkup, examine
from pypi_runbook.doctor.annotations import annotation
from pypi_runbook.doctor.checks import carry_out
from pypi_runbook.doctor.forms import publishers
from pypi_runbook.errors import RunbookError
from pypi_runbook.project import read_project

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "project"))

from hostile import hostile_projects

CASES, WHOLE = 120, 5


@pytest.mark.filterwarnings("ignore")
def test_no_project_ends_in_a_traceback(tmp_path: Path) -> None:
    """Every check meets every case; with zizmor, a process each, the first few do."""
    read = 0
    for number, case in enumerate(hostile_projects(seed=5, count=CASES)):
        folder = tmp_path / case.name
        folder.mkdir()
        case.make(folder)
        try:
            checkup = Checkup(read_project(folder))
            found = examine(checkup) if number < WHOLE else [finding for check in CHECKS for finding in carry_out(check, checkup)]
        except RunbookError:
            continue
        read += 1
        assert json.dumps([finding.as_json() for finding in found] + [form.as_json() for form in publishers(checkup.facts)])
        assert all("\n" not in annotation(finding) for finding in found), case.name
    assert read > CASES / 4
