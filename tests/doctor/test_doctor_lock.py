"""Lock files against the metadata, by the hashes that Poetry and PDM compute and by what uv copied, and pins against the lock."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from doctor_bench import PROJECTS, ROOT, look, places, write
from hypothesis import given
from hypothesis import strategies as st
from poetry.packages.locker import Locker

from pypi_runbook.doctor.hashes import pdm_hashes, poetry_hashes
from pypi_runbook.doctor.lock import check_lock

AI_OPS = PROJECTS / "nautobot-ai-ops"
UV_PROJECT = """\
[project]
name = "Plain.Lock"
version = "1.2.0"
requires-python = ">=3.11"
dependencies = ["packaging >=24.2, <99"]

[project.optional-dependencies]
more = ["iniconfig; python_version < '3.13'"]

[dependency-groups]
test = ["attrs>=3"]
all = [{ include-group = "test" }]
"""
# What uv 0.13.9 wrote for it, without the files of the other packages.
UV_LOCK = """\
version = 1
revision = 5
requires-python = ">=3.11"

[[package]]
name = "packaging"
version = "26.3"

[[package]]
name = "plain-lock"
version = "1.2.0"
source = { virtual = "." }
dependencies = [
    { name = "packaging" },
]

[package.metadata]
requires-dist = [
    { name = "iniconfig", marker = "python_full_version < '3.13' and extra == 'more'" },
    { name = "packaging", specifier = ">=24.2,<99" },
]
provides-extras = ["more"]

[package.metadata.requires-dev]
all = [{ name = "attrs", specifier = ">=3" }]
test = [{ name = "attrs", specifier = ">=3" }]
"""
# What PDM 2.29.3 computes for it.
PDM_PROJECT = {
    "project": {
        "name": "plain",
        "version": "1.2.0",
        "requires-python": ">=3.11",
        "dependencies": ["packaging>=24.2"],
        "optional-dependencies": {"more": ["iniconfig"]},
    },
    "dependency-groups": {"Test_Group": ["attrs>=3"]},
    "tool": {"pdm": {"dev-dependencies": {"lint": ["ruff"]}, "resolution": {"overrides": {"attrs": ">=20"}}}},
}
PDM_HASH = "4cb923e1eec9ca47e6de90037159ba654016d707efbbe69fb2cdc402e2dd87b1"
REQUIREMENTS = st.lists(st.sampled_from(["packaging>=24", "attrs", "click<9"]), max_size=2)
TABLES = st.fixed_dictionaries(
    {},
    optional={
        "project": st.fixed_dictionaries({"name": st.just("x")}, optional={"requires-python": st.just(">=3.11"), "dependencies": REQUIREMENTS}),
        "dependency-groups": st.dictionaries(st.sampled_from(["dev", "docs"]), REQUIREMENTS, max_size=1),
        "tool": st.fixed_dictionaries(
            {
                "poetry": st.fixed_dictionaries(
                    {}, optional={"dependencies": st.just({"python": "^3.11"}), "group": st.just({"dev": {}}), "extras": st.just({})}
                )
            }
        ),
    },
)


@given(TABLES)
def test_hashes_are_those_of_poetry(data: dict[str, Any]) -> None:
    """Whichever tables there are, Poetry's own code computes the same, with and without dependency groups."""
    locker = Locker(Path("poetry.lock"), data)
    assert poetry_hashes(data) == {locker._get_content_hash(with_dependency_groups=groups) for groups in (True, False)}


def test_hash_is_that_of_pdm() -> None:
    """Groups by their normalized names, and overrides that older ones hash apart, count as PDM counts them."""
    assert PDM_HASH in pdm_hashes(PDM_PROJECT)
    assert PDM_HASH not in pdm_hashes(PDM_PROJECT | {"dependency-groups": {}})


@pytest.mark.parametrize("project", [ROOT, AI_OPS])
def test_fresh_locks(project: Path) -> None:
    """This repository's lock, the specimen's, and the requirements that their workflows install are fresh."""
    assert look(check_lock, project) == []


@pytest.mark.parametrize(("before", "after", "fresh"), [(">=24.2", ">=24.3", False), ('version = "1.0.0"', 'version = "1.0.1"', True)])
def test_poetry_lock_after_a_change(tmp_path: Path, before: str, after: str, fresh: bool) -> None:
    """A changed requirement makes the lock stale, a changed version does not."""
    for name in ("pyproject.toml", "poetry.lock"):
        shutil.copy(AI_OPS / name, tmp_path)
    path = tmp_path / "pyproject.toml"
    path.write_text(path.read_text().replace(before, after))
    assert places(look(check_lock, tmp_path)) == (set() if fresh else {("lock-out-of-date", "poetry.lock", None)})


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("packaging >=24.2, <99", "packaging<99,>=24.2", None),
        ("packaging >=24.2, <99", "packaging >=24.3, <99", "packaging<99,>=24.2"),
        ("1.2.0", "1.3.0", "version 1.2.0"),
        ("1.2.0", "v1.2", None),
        ('more = ["iniconfig', 'more = ["beside", "plain-lock[x]", "iniconfig', None),
        (">=3.11", ">=3.12", "requires-python"),
        ("attrs>=3", "attrs>=4", "attrs"),
        ('more = ["iniconfig', 'more = ["six", "iniconfig', "six"),
        ("Plain.Lock", "other", "no package other"),
    ],
)
def test_uv_lock_after_a_change(tmp_path: Path, before: str, after: str, said: str | None) -> None:
    """uv's copy of version, requirements, extras and groups is compared, however each is written."""
    (tmp_path / "pyproject.toml").write_text(UV_PROJECT.replace(before, after) + "\n[tool.uv.sources]\nbeside = { workspace = true }\n")
    (tmp_path / "uv.lock").write_text(UV_LOCK)
    findings = look(check_lock, tmp_path)
    assert places(findings) == ({("lock-out-of-date", "uv.lock", None)} if said else set())
    assert not said or said in findings[0].message


def test_pdm_lock(tmp_path: Path) -> None:
    """A hash of other requirements is stale."""
    write(tmp_path, {"pdm.lock": '[metadata]\ncontent_hash = "sha256:0"\n'})
    assert places(look(check_lock, tmp_path)) == {("lock-out-of-date", "pdm.lock", None)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("packaging==26.2 \\\n    --hash=sha256:d7193f7c8e4e93f444fde0262bf90af30e16fa0ad0ad44cb553c87339b23cd1c\n", "26.3 in poetry.lock"),
        ("packaging==26.3 \\\n    --hash=sha256:0000\n", "hashes"),
        ("packaging==26.3 \\\n    --hash=sha256:d7193f7c8e4e93f444fde0262bf90af30e16fa0ad0ad44cb553c87339b23cd1c\n", None),
        ("other==1 --hash=sha256:0000\n", None),
    ],
)
def test_requirements_that_left_the_lock(tmp_path: Path, text: str, said: str | None) -> None:
    """What the publishing workflow installs with hashes is what the lock has; other files are nobody's business here."""
    shutil.copytree(AI_OPS, tmp_path, dirs_exist_ok=True)
    (tmp_path / ".github/requirements/build.txt").write_text(f"# Made\n{text}")
    (tmp_path / "other.txt").write_text("packaging==1 --hash=sha256:1\n")
    findings = look(check_lock, tmp_path)
    assert places(findings) == ({("requirements-drifted", ".github/requirements/build.txt", 2)} if said else set())
    assert not said or said in findings[0].message


@pytest.mark.parametrize("text", ["[metadata", "[" * 3000])
def test_malformed_lock(tmp_path: Path, text: str) -> None:
    """A lock that cannot be read is a finding with its line, not the end."""
    write(tmp_path, {"poetry.lock": text})
    assert places(look(check_lock, tmp_path)) == {("malformed-toml", "poetry.lock", 1)}
