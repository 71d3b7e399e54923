"""Tests and pages that need a tool which this machine lacks: skipped with the reason, told at the end, and an error where CI asks."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from small_site import FRONT_MATTER, SmallSite, fence

from pypi_runbook import tools

LACKING = FRONT_MATTER.replace("[python3]", "[python3, oddtool]")
TESTS = """
import pytest
from pypi_runbook.pages.needs import require

@pytest.mark.needs("strangetool", "python3")
def test_marked():
    assert False

def test_asking():
    require("chromedriver")
    assert False

@pytest.mark.needs("python3", "git")
def test_there():
    pass
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SmallSite:
    """A page whose tool is missing, another one that works, and tests of both kinds."""
    made = SmallSite(tmp_path_factory.mktemp("needs"), {"good.md": fence("true"), "lacking.md": fence("false")})
    page = made.folder / "docs/lacking.md"
    page.write_text(page.read_text().replace(FRONT_MATTER, LACKING))
    (made.folder / "tests/test_tools.py").write_text(TESTS)
    return made


@pytest.mark.parametrize(("options", "status", "beginning"), [(("-n", "2"), 0, ""), (("-n", "2", "--complete"), 1, "error: ")])
def test_what_needs_a_missing_tool_is_skipped(
    site: SmallSite, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], status: int, beginning: str
) -> None:
    """Page and tests are skipped with the reason, one line says what to install, and only --complete turns the run red."""
    monkeypatch.setenv("PATH", without("chromedriver", site.folder))
    run = site.pytest(*options)
    assert run.status == status, run.output
    assert "2 passed, 3 skipped" in run.output
    assert "this machine has no oddtool" in run.output
    install = tools.how_to_install(["chromedriver", "oddtool", "strangetool"])
    assert f"\n{beginning}3 tests and pages were skipped because this machine lacks tools; to run them: {install}\n" in run.output
    rows = json.loads((site.folder / ".runbook/results.json").read_text())["pages"]["small:docs/lacking.md"]["snippets"]
    assert [(row["result"], row["reason"]) for row in rows] == [("skipped", "this machine has no oddtool")]


def without(tool: str, folder: Path) -> str:
    """Return a PATH with git and the base tools, on which there is no TOOL."""
    commands = folder / "commands"
    if not commands.exists():
        commands.mkdir()
        tools.fill_path(commands, tools.REQUIRED)
    assert not (commands / tool).exists()
    return str(commands)


@pytest.mark.parametrize(
    ("platform", "command"), [("linux", "apt-get install chromium chromium-driver zsh"), ("darwin", "brew install google-chrome chromedriver zsh")]
)
def test_the_command_is_that_of_the_platform(monkeypatch: pytest.MonkeyPatch, platform: str, command: str) -> None:
    """Packages have the names of the platform's package manager; a tool without a known package is named."""
    monkeypatch.setattr(sys, "platform", platform)
    assert tools.how_to_install(["chromium", "chromedriver", "zsh"]) == command
    assert tools.how_to_install(["zsh", "oddtool"]) == f"{command.split()[0]} install zsh; install oddtool"
    assert tools.how_to_install(["oddtool"]) == "install oddtool"
