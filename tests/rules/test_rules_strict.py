"""What `twine check --strict` finds: the data says it of each rule, and the locked twine must agree."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pypi_runbook.rules import RULES
from pypi_runbook.rules.faulty import FAULTY, write_faulty

TWINE = Path(sys.executable).parent / "twine"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# twine ends at the first file that it cannot read; of those it can, it says FAILED and goes on.
FOUND = [rule for rule in FAULTY if RULES[rule].strict]


def checked(*files: Path) -> tuple[int, dict[Path, str]]:
    """Return the status of `twine check --strict` over FILES, and what it said of each."""
    command = [str(TWINE), "check", "--strict", *map(str, files)]
    done = subprocess.run(command, env={"COLUMNS": "1000"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, {
        Path(path): said for path, said in re.findall(r"Checking (\S+): (PASSED$|FAILED)", COLOURS.sub("", done.stdout), re.MULTILINE)
    }


def in_own_folder(rule: str, folder: Path) -> Path:
    """Write the file that breaks RULE into a folder of its own."""
    (folder / rule).mkdir()
    return write_faulty(rule, folder / rule)


def test_what_strict_does_not_find(tmp_path: Path) -> None:
    """A file that breaks any other rule passes, in one run over all of them."""
    files = [in_own_folder(rule, tmp_path) for rule in FAULTY if rule not in FOUND]

    assert checked(*files) == (0, dict.fromkeys(files, "PASSED"))


@pytest.mark.parametrize("rule", FOUND)
def test_what_strict_finds(tmp_path: Path, rule: str) -> None:
    """A file that breaks one of these rules does not pass."""
    status, said = checked(in_own_folder(rule, tmp_path))

    assert status == 1
    assert "PASSED" not in said.values()


def test_strict_finds_no_rule_of_an_index() -> None:
    """No rule says that twine finds it when no file alone can break it."""
    assert {rule.id for rule in RULES.values() if rule.strict} == set(FOUND)
