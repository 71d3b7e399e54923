"""`pypi-runbook rules`, as people and programs call it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from pypi_runbook.rules import RULES, TOKEN_RULES
from pypi_runbook.rules.faulty import write_faulty


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    command = [sys.executable, "-m", "pypi_runbook", "rules", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_all_rules_in_order() -> None:
    """Without an id each rule has a line, in PyPI's order; the JSON has all that is known."""
    listed, document = run(), json.loads(run("--json").stdout)

    assert [line.split()[0] for line in listed.stdout.splitlines()] == [*RULES, *TOKEN_RULES] == [rule["id"] for rule in document["rules"]]
    found = next(rule for rule in document["rules"] if rule["id"] == "local-version")
    expected = {"number": "U19", "status": 400, "strict": False, "entry": "local-version", "since": "2026-02-27", "sample": True, "unreachable": None}
    assert document["schema"] == 1
    assert {name: found[name] for name in expected} == expected


def test_one_rule() -> None:
    """With an id the command says text, date, source, twine's judgement, and the entry."""
    done = run("platform-tag")

    lines = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert lines["answer"] == "400 Binary wheel '{filename}' has an unsupported platform tag '{tag}'."
    assert (lines["source"], lines["twine check --strict finds it"]) == ("warehouse/forklift/legacy.py", "no")
    assert lines["entry"] == "troubleshooting/linux-platform-tag.md"


def test_sample(tmp_path: Path) -> None:
    """The sample is written where it was asked for, the same bytes each time, and its path is all that is printed."""
    done = run("zip-trailing", "--sample", str(tmp_path / "new"))

    path = Path(done.stdout.strip())
    assert (done.returncode, path.parent) == (0, tmp_path / "new")
    assert path.read_bytes() == write_faulty("zip-trailing", tmp_path).read_bytes()


def test_unknown_rule_and_no_sample(tmp_path: Path) -> None:
    """A wrong id is answered with the nearest ones, a rule that no file breaks with why, and nothing is written."""
    wrong, without, alone = run("local-versio"), run("file-exists", "--sample", str(tmp_path / "new"), "--json"), run("--sample", str(tmp_path))

    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "did you mean local-version" in wrong.stderr
    assert (without.returncode, json.loads(without.stdout)["error"]["id"]) == (2, "no-sample")
    assert (alone.returncode, list(tmp_path.iterdir())) == (2, [])


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    """A place where nothing can be written is said, without a traceback."""
    (tmp_path / "file").touch()

    done = run("zip-trailing", "--sample", str(tmp_path / "file"))

    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
