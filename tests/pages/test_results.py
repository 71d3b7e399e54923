"""The results file: what a later run keeps of an earlier one, and that several processes may write it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from pypi_runbook.pages.key import page_key
from pypi_runbook.pages.outcome import Outcome, passed
from pypi_runbook.pages.results import PageResult, load, merge, row, rows_of
from pypi_runbook.pages.session import PathSpec
from pypi_runbook.pages.snippet import Page, Snippet

PAGE = "docs/page.md"


def snippet(number: int, text: str = "true") -> Snippet:
    """Return a bash snippet on line NUMBER times 10."""
    return Snippet("small", PAGE, number, number * 10, "bash", text, {})


def page(*snippets: Snippet) -> Page:
    """Return a page of one guide."""
    return Page("small", PAGE, Path(PAGE), {}, list(snippets), "", "Page")


def rows(root: Path, *outcomes: Outcome) -> list[dict[str, Any]]:
    """Return rows for the results of snippets on the page's only path."""
    spec = PathSpec("small", PAGE, "", root, root, (), "", [])
    return [row(spec, snippet(outcome.number), outcome) for outcome in outcomes]


def test_a_part_of_a_page_is_merged_while_the_key_is_the_same(tmp_path: Path) -> None:
    """Running one snippet again changes its row and leaves the others."""
    merge(tmp_path, PageResult("small", PAGE, "k", rows(tmp_path, passed(snippet(1), 1), Outcome(2, "failed", "no"))))
    merge(tmp_path, PageResult("small", PAGE, "k", rows(tmp_path, passed(snippet(2), 1))))
    assert [found["result"] for found in rows_of(load(tmp_path), page(snippet(1), snippet(2)), "k")] == ["passed", "passed"]


def test_results_of_another_key_are_gone(tmp_path: Path) -> None:
    """What was proven of an older page says nothing about this one."""
    merge(tmp_path, PageResult("small", PAGE, "old", rows(tmp_path, passed(snippet(1), 1), passed(snippet(2), 1))))
    merge(tmp_path, PageResult("small", PAGE, "new", rows(tmp_path, passed(snippet(2), 1))))
    found = rows_of(load(tmp_path), page(snippet(1), snippet(2)), "new")
    assert [(entry["result"], entry["reason"]) for entry in found] == [("not-run", "it was not part of the last run"), ("passed", "")]
    assert {entry["result"] for entry in rows_of(load(tmp_path), page(snippet(1), snippet(2)), "old")} == {"not-run"}


def test_a_broken_file_counts_as_empty(tmp_path: Path) -> None:
    """A file that is no results file is replaced by the next run, and stops nothing."""
    (tmp_path / ".runbook").mkdir()
    (tmp_path / ".runbook/results.json").write_text("{")
    assert load(tmp_path) == {"schema": 1, "pages": {}}
    merge(tmp_path, PageResult("small", PAGE, "k", rows(tmp_path, passed(snippet(1), 1))))
    assert list(load(tmp_path)["pages"]) == [f"small:{PAGE}"]


def test_processes_write_at_the_same_time(tmp_path: Path) -> None:
    """No page of one process is lost to another."""
    program = (
        "import sys; from pathlib import Path; from pypi_runbook.pages.results import PageResult, merge\n"
        "for n in range(10): merge(Path(sys.argv[1]), PageResult('small', f'docs/{sys.argv[2]}-{n}.md', 'k'))"
    )
    started = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path), name]) for name in "abc"]
    assert [process.wait(60) for process in started] == [0, 0, 0]
    assert len(load(tmp_path)["pages"]) == 30


def test_a_key_changes_with_what_it_stands_for(tmp_path: Path) -> None:
    """Another command, another need or another project file is another key; another line is not."""
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'small'\n")
    key = page_key(page(snippet(1)), tmp_path)
    assert page_key(page(Snippet("small", PAGE, 1, 99, "bash", "true", {})), tmp_path) == key
    assert page_key(page(snippet(1, "false")), tmp_path) != key
    assert page_key(Page("small", PAGE, Path(PAGE), {"needs": ["git"]}, [snippet(1)], "", "Page"), tmp_path) != key
    (tmp_path / "README.md").write_text("new")
    assert page_key(page(snippet(1)), tmp_path) != key
