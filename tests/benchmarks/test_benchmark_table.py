"""What the benchmarks left is shown as it is, with when and where it was measured, and holds nothing of the machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from testing import seconds_of_pages, seconds_of_tests

from pypi_runbook.errors import RunbookError
from pypi_runbook.pages.benchmarks import FOLDER, benchmark_table
from timings import SLOW_MODULES

DOCS = Path(__file__).resolve().parents[2] / "docs"
HERE = Path(__file__).resolve().parent


def test_each_ratio_stands_in_its_cell(tmp_path: Path) -> None:
    """A row is a kind of request and a number of clients, a column another server with its version; each ratio is where it belongs."""
    (tmp_path / FOLDER).mkdir(parents=True)
    ratios = [
        {"case": case, "clients": clients, "than": than, "ratio": number + clients / 100}
        for case in ("uploads", "simple-index")
        for clients in (1, 8)
        for number, than in enumerate(("one", "two"))
    ]
    versions = {"twin": "1", "one": "1.1", "two": "2.2"}
    content = {"date": "2026-01-02", "python": "3.11.7", "cpus": 1, "rounds": 3, "versions": versions, "ratios": ratios}
    (tmp_path / FOLDER / "index.json").write_text(json.dumps(content))
    lines = benchmark_table(tmp_path, "index").splitlines()

    assert lines[0] == "| Requests | Clients at once | Twin : one 1.1 | Twin : two 2.2 |"
    assert lines[2:5] == [
        "| Uploads of a small wheel | 1 | 0.01 | 1.01 |",
        "| Uploads of a small wheel | 8 | 0.08 | 1.08 |",
        "| Pages of the simple index | 1 | 0.01 | 1.01 |",
    ]
    assert lines[-1] == "Measured on 2026-01-02 on 1 processor: the median of 3 rounds."


def test_time_of_a_run_is_split_by_commands_and_folders(tmp_path: Path) -> None:
    """Snippets count for the first kind of command in them, test files for their folder, and the longest comes first."""
    rows = [
        {"text": "python3 -m venv .venv && python3 -m build", "seconds": 4.0},
        {"text": "python3 -m build", "seconds": 3.0},
        {"text": "echo", "seconds": 0.5},
        {"text": "echo again", "seconds": 0.5},
    ]
    pages, tests = seconds_of_pages(rows), seconds_of_tests({"tests/twin/clients/test_a.py": 1.5, "tests/twin/clients/test_b.py": 0.5})
    assert pages == {"environments": 4.0, "builds": 3.0, "other": 1.0}
    assert tests == {"twin clients": 2.0}

    (tmp_path / FOLDER).mkdir(parents=True)
    content = {"date": "2026-01-02", "cpus": 2, "rounds": 1, "seconds": {"pages": pages, "tests": tests}}
    (tmp_path / FOLDER / "testing.json").write_text(json.dumps(content))
    lines = benchmark_table(tmp_path, "testing").splitlines()
    assert lines[2] == "| pages: environments with pip or uv | 4.0 | 40% |"
    assert lines[4] == "| `tests/twin/clients` | 2.0 | 20% |"
    assert lines[-1] == "Measured on 2026-01-02 on 2 processors: the sum of 1 round."


def test_every_slow_module_is_there() -> None:
    """What --quick leaves out by its name is not the name of something that has gone."""
    files = [path.relative_to(DOCS.parent).as_posix() for path in (DOCS.parent / "tests").rglob("test_*.py")]
    assert [name for name in SLOW_MODULES if not any(file.startswith(name) for file in files)] == []


def test_unknown_benchmark_is_an_error_that_names_the_known(tmp_path: Path) -> None:
    """A page that asks for a benchmark that never ran stops the build."""
    with pytest.raises(RunbookError, match="there is no result of a benchmark `index`"):
        benchmark_table(tmp_path, "index")


@pytest.mark.parametrize("name", ["index", "start", "manual", "testing"])
def test_kept_results_can_be_shown_and_tell_nothing_of_the_machine(name: str) -> None:
    """The committed results make a table, and their only words are versions, a date and the names of servers and cases."""
    text = (DOCS / FOLDER / f"{name}.json").read_text()

    assert benchmark_table(DOCS, name).count("|") >= 8
    assert "/" not in text
    assert set(json.loads(text)) <= {"schema", "date", "python", "cpus", "rounds", "versions", "ratios", "ratio", "seconds"}


def test_versions_beside_the_twin_are_those_of_the_locks() -> None:
    """The result was measured with the servers that the locks name: a new lock wants a new run."""
    versions = json.loads((DOCS / FOLDER / "index.json").read_text())["versions"]

    for name, distribution in (("pypiserver", "pypiserver"), ("devpi", "devpi-server")):
        assert f"\n{distribution}=={versions[name]} " in (HERE / f"requirements-{name}.txt").read_text()
