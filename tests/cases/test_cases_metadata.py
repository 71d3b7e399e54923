"""Cases about claims, metadata that nothing reads, and what a build leaves out."""

from __future__ import annotations

from pathlib import Path

import pytest
from case import Case


def test_publisher_registered_with_a_space(tmp_path: Path) -> None:
    """Both environments are in quotes, and the hint says that the space is the publisher's and how to get rid of it."""
    case = Case("case-publisher-with-a-space", tmp_path)
    log = str(case.root / "failed.log")
    said = case.run("explain-claims", log, "--publisher", "example-org/tillerpin/publish.yml@ pypi")
    assert said.status == 1
    assert "DIFFERENT Environment name: the job has 'pypi', the publisher ' pypi'" in said.words
    assert "only the space around the publisher's name differs: delete the publisher, and register it again without the space" in said.words
    assert "same Workflow name: 'publish.yml'" in said.words
    assert case.run("explain-claims", log).status == 0


@pytest.mark.parametrize(
    ("publisher", "words"),
    [
        ("example-org/tillerpin/publish.yml@pypi ", "the publisher 'pypi ' (only the space around the publisher's name differs"),
        (" example-org/tillerpin/publish.yml@pypi", "the job has 'example-org', the publisher ' example-org' (only the space"),
        ("example-org/tillerpin/Publish.yml@pypi", "the job has 'publish.yml', the publisher 'Publish.yml' (upper and lower case count)"),
        ("example-org/tillerpin/publish.yml@\u00a0pypi", r"the publisher '\xa0pypi' (only the space"),
    ],
)
def test_what_nobody_sees_in_a_name(tmp_path: Path, publisher: str, words: str) -> None:
    """A space at either end, another case, and a space that cannot be told from a common one are visible."""
    case = Case("case-publisher-with-a-space", tmp_path)
    said = case.run("explain-claims", str(case.root / "failed.log"), "--publisher", publisher)
    assert (said.status, words in said.words) == (1, True), said.words


def test_links_in_a_table_that_nothing_reads(tmp_path: Path) -> None:
    """Both places are findings at their lines, and both lead to [project.urls]."""
    case = Case("case-links-in-a-tool-table", tmp_path)
    said = case.run("doctor", "--json")
    (key,), (table,) = said.findings("key-unread"), said.findings("table-unread")
    assert (said.status, key["line"], table["line"]) == (1, case.line("pyproject.toml", "homepage ="), case.line("pyproject.toml", "[tool.project]"))
    assert key["message"].startswith("[project] has no key `homepage`")
    assert key["fix"] == 'move it to [project.urls]: Homepage = "https://gaffline.example.org"'
    assert (table["message"], table["fix"]) == (
        "nothing reads the table [tool.project], so `Source` in it has no effect",
        "move the links to [project.urls]",
    )
    assert said.findings("pyproject-schema") == []


def test_sdist_that_leaves_out_data(tmp_path: Path) -> None:
    """The doctor with a build, and the check of a build, name the data file, the module that reads it, and the list that drops it."""
    case = Case("case-sdist-without-data", tmp_path, "git tag v1.4.0")
    doctor = case.run("doctor", "--build", "--json")
    assert case.run("build").status == 0
    check = case.run("check", "--offline", "--json")
    for said in (doctor, check):
        (data,), (code,) = said.findings("missing-from-wheel"), said.findings("missing-modules")
        assert (said.status, data["severity"], code["severity"]) == (1, "error", "error")
        assert data["message"] == (
            "the package lacks files that the commit has: src/luggersail/data/rigs.json; the sdist, which the wheel is built from, lacks it too; "
            "luggersail/__init__.py names rigs.json, so the package fails when it reads it"
        )
        line = case.line("pyproject.toml", "include =")
        assert f"`tool.hatch.build.targets.sdist.include` (pyproject.toml:{line})" in data["fix"]
        assert "src/luggersail/data/__init__.py" in code["message"]


def test_sdist_with_its_data(tmp_path: Path) -> None:
    """With a pattern that takes the folder along nothing is missing."""
    case = Case("case-sdist-without-data", tmp_path)
    case.change("pyproject.toml", "src/luggersail/*.py", "src/luggersail/**")
    said = case.run("doctor", "--build", "--json")
    assert said.findings("missing-from-wheel") == said.findings("missing-modules") == [], said.words
