"""What `scripts/test --changed` and `--quick` choose."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import selection
from pypi_runbook.project.checkout import materialize
from selection import Plan, plan_for

ROOT = Path(__file__).resolve().parents[2]
PAGE = "docs/troubleshooting/classifier.md"
WORKFLOW = ".github/workflows/publish-pypi.yml"


@pytest.fixture(name="clone", scope="module")
def _clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("selection")
    materialize(ROOT, folder / "clone", folder / "origin.git")
    return folder / "clone"


@pytest.fixture(name="here")
def _here(clone: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Choose in the clone, and take back what a test changes there."""
    monkeypatch.setattr(selection, "ROOT", clone)
    yield clone
    for command in (["checkout", "--quiet", "--", "."], ["clean", "--quiet", "--force", "-d"]):
        subprocess.run(["git", "-C", str(clone), *command], check=True)


def change(file: Path, old: str, new: str) -> None:
    """Replace OLD by NEW in FILE, once."""
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def pages_in(plan: Plan) -> set[str]:
    """Return the pages that the plan touches, chosen or left out for lack of time."""
    return {choice.path[1] for choice in (*plan.chosen, *plan.left_out) if choice.path}


def files_in(plan: Plan) -> list[str]:
    """Return the test files of the plan, the closest first."""
    return [choice.name for choice in sorted([*plan.chosen, *plan.left_out]) if not choice.path]


# SLOW
def test_a_changed_block_chooses_its_paths_alone(here: Path) -> None:
    """Another command in a block runs that page's paths in both guides, before anything else."""
    change(here / PAGE, "twine check --strict", "true && twine check --strict")
    plan = plan_for("HEAD", workers=2)
    assert pages_in(plan) == {PAGE}
    assert {choice.path[0] for choice in plan.chosen if choice.path} == {"pypi-runbook", "nautobot-ai-ops"}
    assert plan.chosen[0].path


# SLOW
def test_changed_prose_runs_no_page(here: Path) -> None:
    """What is not run did not change; the tests that read all pages look at it."""
    change(here / PAGE, "\n\n", "\n\nA new sentence.\n\n")
    plan = plan_for("HEAD", workers=2)
    assert pages_in(plan) == set()
    assert "tests/pages/test_lint.py" in files_in(plan)


# SLOW
def test_a_changed_workflow_chooses_what_reads_it(here: Path) -> None:
    """The tests that know the workflow come first, and pages that rehearse it before the rest of its guide; the other guide is not touched."""
    change(here / WORKFLOW, "name: Build the distributions", "name: Built the distributions")
    plan = plan_for("HEAD", workers=2)
    assert {choice.path[0] for choice in (*plan.chosen, *plan.left_out) if choice.path} == {"pypi-runbook"}
    assert "docs/publishing/rehearsal.md" in pages_in(plan)
    assert "tests/project/test_project_publish_workflow.py" in files_in(plan)[:12]


def test_a_changed_module_chooses_the_tests_of_its_importers(here: Path) -> None:
    """Tests that import the module come first, then those of modules that import it; a test of something else is not there."""
    change(here / "src/pypi_runbook/pages/console.py", '"""', '"""Changed. ')
    names = [choice.name for choice in sorted(selection.affected_tests(selection.changed_files("HEAD")))]
    assert names[0] == "tests/pages/test_console.py"
    assert "tests/pages/test_sybil_pages.py" in names
    assert "tests/rules/test_rules_order.py" not in names


def test_a_changed_helper_chooses_the_tests_that_use_it(here: Path) -> None:
    """A module that only tests import counts like any other."""
    change(here / "tests/pages/minisite.py", '"""', '"""Changed. ')
    names = {choice.name for choice in selection.affected_tests(selection.changed_files("HEAD"))}
    assert {"tests/pages/test_render.py", "tests/pages/test_lint.py"} <= names
    assert "tests/rules/test_rules_order.py" not in names


def test_what_does_not_fit_is_left_out_and_named(here: Path) -> None:
    """A change that can affect everything takes what fits into the time, and the plan has the rest."""
    change(here / "src/pypi_runbook/errors.py", '"""', '"""Changed. ')
    plan = plan_for("HEAD", workers=2)
    assert sum(choice.seconds for choice in plan.chosen) <= selection.LIMIT * 2
    assert plan.left_out
    assert not {choice.name for choice in plan.left_out} & {choice.name for choice in plan.chosen}


@pytest.mark.parametrize(("ref", "words"), [("HEAD", "no file differs from HEAD"), ("no-such-commit", "`git diff` failed")])
def test_nothing_to_choose_is_an_error(here: Path, ref: str, words: str) -> None:
    """Without a change, or without such a commit, the run ends with a sentence and status 4, not with green."""
    command = [sys.executable, "-m", "pytest", "--changed", ref, "-q"]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert words in done.stderr
    assert "Traceback" not in done.stderr
