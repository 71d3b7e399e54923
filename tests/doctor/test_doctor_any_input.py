"""Malformed, truncated and hostile projects: the doctor ends with a message or with findings, never in a traceback."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given

from pypi_runbook.doctor import CHECKS, Checkup, examine
from pypi_runbook.doctor.annotations import annotation
from pypi_runbook.doctor.checks import carry_out
from pypi_runbook.doctor.forms import publishers
from pypi_runbook.errors import RunbookError
from pypi_runbook.project import read_project

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "project"))

from hostile import Files, hostile_projects, project_of
from hostile_specials import SPECIALS

# zizmor is a process for each project; the others cost next to nothing.
WITH_ZIZMOR = ("pipe-0", "laughs", "surrogate", "name-of-bytes", "workflows-is-a-file")


def examined(folder: Path, *, whole: bool) -> bool:
    """Let the doctor examine the project in FOLDER, as a WHOLE or without zizmor; tell whether it could be read."""
    try:
        checkup = Checkup(read_project(folder))
        found = examine(checkup) if whole else [finding for check in CHECKS for finding in carry_out(check, checkup)]
    except RunbookError:
        return False
    assert json.dumps([finding.as_json() for finding in found] + [form.as_json() for form in publishers(checkup.facts)])
    assert all("\n" not in annotation(finding) for finding in found)
    return True


@pytest.mark.filterwarnings("ignore")
def test_no_project_ends_in_a_traceback() -> None:
    """Every check meets every project, and enough of them can be read."""
    read = []

    @given(hostile_projects())
    def examine_one(files: Files) -> None:
        with project_of(files) as folder:
            read.append(examined(folder, whole=False))

    examine_one()
    assert sum(read) > len(read) / 4


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", WITH_ZIZMOR)
def test_a_special_project_with_zizmor(tmp_path: Path, name: str) -> None:
    """A project that breaks zizmor, or its answer, ends with findings or a message too."""
    SPECIALS[name](tmp_path)
    examined(tmp_path, whole=True)
