"""Failures that maintainers reported: an upload that does not happen because of a condition; what doctor and rehearse say of each."""

from __future__ import annotations

from pathlib import Path

import pytest
from case import Case

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.workflow_conditions import check_texts_as_booleans
from pypi_runbook.project import read_project


def test_output_false_is_true(tmp_path: Path) -> None:
    """The text 'false' counts as true: doctor says that the upload never runs, rehearse why it was skipped (Calysto/metakernel#476)."""
    case, file = Case("case-output-false-is-true", tmp_path), ".github/workflows/publish.yml"
    (finding,) = case.run("doctor", "--json").findings("text-taken-for-boolean")
    assert (finding["severity"], finding["file"], finding["line"]) == ("error", file, case.line(file, "!needs.prepare"))
    assert "the text 'false' counts as true" in finding["message"]
    assert "the step “Upload to PyPI” of job publish never runs" in finding["message"]
    assert finding["fix"] == "compare it with a text: `needs.prepare.outputs.dry_run != 'true'`"
    said = case.quicken(file).run("rehearse", "release", "--json")
    step = said.jobs()["publish"]["steps"][-1]
    assert (step["result"], said.document["uploads"]) == ("skipped", [])
    assert "needs.prepare.outputs.dry_run is the text 'false', which counts as true" in step["reason"]


WRITES = 'run: echo "dry_run=$DRY" >> "$GITHUB_OUTPUT"'
CONDITION = "${{ !needs.prepare.outputs.dry_run }}"


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        (CONDITION, "needs.prepare.outputs.dry_run != 'true'", []),
        (CONDITION, "needs.prepare.outputs.dry_run == 'true'", []),
        (CONDITION, "needs.prepare.outputs.dry_run == true", ["never"]),
        (CONDITION, "needs.prepare.outputs.dry_run", ["always"]),
        (CONDITION, "${{ !fromJSON(needs.prepare.outputs.dry_run) }}", []),
        (CONDITION, "${{ !needs.prepare.outputs.dry_run && github.event_name == 'release' }}", ["never"]),
        (CONDITION, "${{ !needs.prepare.outputs.dry_run || github.event_name == 'release' }}", [""]),
        (WRITES, 'run: echo "dry_run=false" >> "$GITHUB_OUTPUT"', ["never"]),
        (WRITES, 'run: test "$DRY" && echo "dry_run=1" >> "$GITHUB_OUTPUT"', []),
        (WRITES, 'run: echo "dry_run=$(python decide.py)" >> "$GITHUB_OUTPUT"', []),
        (CONDITION, "${{ !inputs.dry_run }}", []),
        (CONDITION, "${{ !github.event.inputs.dry_run }}", [""]),
    ],
)
def test_texts_that_are_taken_for_booleans(tmp_path: Path, old: str, new: str, wanted: list[str]) -> None:
    """Only a text that can be 'false' is told of, and what always or never runs only where no run decides it."""
    case = Case("case-output-false-is-true", tmp_path)
    case.change(".github/workflows/publish.yml", old, new)
    found = list(check_texts_as_booleans(Checkup(read_project(case.root))))
    assert ["never" if "never runs" in each.message else "always" if "always runs" in each.message else "" for each in found] == wanted


def test_skipped_ancestor(tmp_path: Path) -> None:
    """A skipped job two steps up skips the upload: doctor, show and rehearse name it, and not the upload's `if` (paulrobello/parllama#79)."""
    case, file = Case("case-skipped-ancestor", tmp_path), ".github/workflows/release.yml"
    (finding,) = case.run("doctor", "--json").findings("skipped-by-ancestor")
    assert (finding["severity"], finding["file"], finding["line"]) == ("warning", file, case.line(file, "if: needs.github-release"))
    assert finding["message"].startswith("job pypi is skipped when someone selects Run workflow, with skip_testpypi ticked")
    assert "job testpypi, an ancestor, is skipped then, and its `if` calls no status function" in finding["message"]
    assert "`always() &&`" in finding["fix"]
    assert "skipped-by-ancestor" in [each["id"] for each in case.run("show", "--json").document["warnings"]]
    said = case.quicken(file).run("rehearse", "workflow_dispatch", "--input", "skip_testpypi=true", "--json")
    reason = "not all jobs further up succeeded: testpypi (skipped); its `if` calls no status function, so all of them have to"
    assert (said.jobs()["pypi"]["result"], said.jobs()["pypi"]["reason"]) == ("skipped", reason)
    assert (said.document["release"]["tag"], said.document["uploads"]) == ("v1.4.0", [])
    assert "nothing was published rehearse: yet a job made the release v1.4.0, which would be public on GitHub" in said.words
    assert (said.status, [each["id"] for each in said.document["findings"]]) == (1, ["nothing-published"])
    case.change(file, "if: needs.github-release", "if: ${{ !cancelled() && !failure() }} # needs.github-release")
    assert case.run("doctor", "--json").findings("skipped-by-ancestor") == []
