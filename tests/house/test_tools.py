"""The tools that the suite cannot do without are those that README names; all others are asked for, and may be missing."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from pypi_runbook.pages.sybil import published
from pypi_runbook.tools import BASE_TOOLS, PACKAGED, REQUIRED

ROOT = Path(__file__).resolve().parents[2]
TESTS = sorted(path for path in (ROOT / "tests").rglob("*.py") if not path.is_relative_to(ROOT / "tests/projects"))
COMMANDS = Path(sys.executable).parent


def programs(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and name of each program that PATH starts by a literal name through subprocess; `Person.run` asks by itself."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and node.args and re.fullmatch(r"subprocess\.(run|Popen|call|check_\w+)", ast.unparse(node.func)):
            command = node.args[0]
            first = command.elts[0] if isinstance(command, ast.List) and command.elts else command
            if isinstance(first, ast.Constant) and isinstance(first.value, str) and "/" not in first.value:
                yield node.lineno, first.value.split()[0]


def asked_for(path: Path) -> set[str]:
    """Return the tools that PATH asks for with `needs` or `require`, and the stand-ins that it makes itself: `(folder / "gh").write_text`."""
    text = path.read_text()
    calls = re.findall(r"\b(?:needs|require)\(([^()]*)\)", text)
    return {*re.findall(r'"([\w.-]+)"', " ".join(calls)), *re.findall(r'/ "([\w.-]+)"', text)}


def test_readme_names_what_the_suite_cannot_do_without() -> None:
    """README and CONTRIBUTING name the tools of the bare run in .ci/run, and the oldest Python that pyproject.toml allows."""
    oldest = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"].removeprefix(">=")
    sentence = " and ".join(tool if tool != "python3" else f"Python {oldest} or newer" for tool in REQUIRED)
    for name in ("README.md", "CONTRIBUTING.md"):
        found = re.findall(r"^You need (.+?)(?:, nothing else)?\.$", (ROOT / name).read_text(), re.MULTILINE)
        assert found == [sentence], name
    assert "REQUIRED" in (ROOT / ".ci/run").read_text()


def test_a_program_that_a_machine_may_lack_is_asked_for() -> None:
    """A test starts what every machine has or what the environment brings; anything else it names with `needs`, so that it is skipped."""
    there = {*REQUIRED, *BASE_TOOLS.split()}
    unasked = [
        f"{path.relative_to(ROOT)}:{line} starts {name}"
        for path in TESTS
        for line, name in programs(path)
        if name not in there | asked_for(path) and not (COMMANDS / name).exists()
    ]
    assert not unasked


def test_the_tools_of_pages_can_be_installed() -> None:
    """What a page needs is required, comes with the environment, or has a package that the end of a run can name."""
    needed = {need for spec in published(ROOT).specs for need in spec.needs}
    unknown = {need for need in needed if need not in {*REQUIRED, *BASE_TOOLS.split(), *PACKAGED} and not (COMMANDS / need).exists()}
    assert not unknown
