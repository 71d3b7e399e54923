"""Version, tag, changelog and PyPI against each other, and what the publishers' forms must say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from doctor_bench import PROJECTS, WORKFLOW, Changes, commit, committed, git, look, places, write

from pypi_runbook.doctor.forms import publishers
from pypi_runbook.doctor.release import check_version_and_tag
from pypi_runbook.project import read_project
from pypi_runbook.rules.sample import make_wheel
from pypi_runbook.twin import Twin

TOML = "pyproject.toml"
HERE = (TOML, 3)


def tagged(folder: Path, *tags: str) -> Path:
    """Return FOLDER with the plain project, committed and tagged with TAGS."""
    committed(write(folder))
    for tag in tags:
        git(folder, "tag", tag)
    return folder


@pytest.mark.parametrize(
    ("tags", "id_"),
    [
        ((), None),
        (("1.1.0",), None),
        (("1.1.0", "nightly"), None),
        (("1.2.0",), "tag-elsewhere"),
        (("v1.2.0",), "tag-elsewhere"),
        (("1.3.0",), "version-lower"),
    ],
)
def test_tags_behind_the_commit(tmp_path: Path, tags: tuple[str, ...], id_: str | None) -> None:
    """A version is released once, from one commit, and above every one before it."""
    tagged(tmp_path, *tags)
    commit(tmp_path, "Work on")
    assert places(look(check_version_and_tag, tmp_path)) == ({(id_, *HERE)} if id_ else set())


def test_tag_on_this_commit(tmp_path: Path) -> None:
    """The commit that was tagged is the one to release."""
    assert look(check_version_and_tag, tagged(tmp_path, "1.2.0")) == []


def test_higher_tag_of_another_branch(tmp_path: Path) -> None:
    """A maintenance branch may release below what another branch has."""
    tagged(tmp_path)
    git(tmp_path, "switch", "--quiet", "--create", "next")
    commit(tmp_path)
    git(tmp_path, "tag", "2.0.0")
    git(tmp_path, "switch", "--quiet", "main")
    assert look(check_version_and_tag, tmp_path) == []


@pytest.mark.parametrize(
    ("changes", "file"),
    [
        ({"CHANGELOG.md": "# Changelog\n\n## [1.2.0] - 2026-01-01\n"}, None),
        ({"CHANGELOG.md": "# Changelog\n\n## v1.2.0\n"}, None),
        ({"CHANGES.rst": "Changes\n=======\n\n1.2.0\n-----\n"}, None),
        ({"CHANGELOG.md": "# Changelog\n\n## Unreleased\n"}, None),
        ({"HISTORY.md": "# History\n\n## 11.2.0\n", "changes/12.fixed": "x"}, None),
        ({"CHANGELOG.md": "# Changelog\n\n## 1.2.0rc1\n\n## 1.2.0.1\n\n## 11.2.0\n"}, "CHANGELOG.md"),
        ({"docs/changelog.rst": "1.1\n---\n\nbefore 1.2.0 there was nothing\n"}, "docs/changelog.rst"),
    ],
)
def test_changelog(tmp_path: Path, changes: Changes, file: str | None) -> None:
    """A heading names the version, or what is coming; a longer version that only contains it does not."""
    write(tmp_path, changes)
    assert places(look(check_version_and_tag, tmp_path)) == ({("no-changelog-entry", file, 1)} if file else set())


def test_changelog_of_a_tagged_version(tmp_path: Path) -> None:
    """Once the tag is there, what is coming has to have its number."""
    write(tmp_path, {"CHANGELOG.md": "# Changelog\n\n## Unreleased\n"})
    committed(tmp_path)
    git(tmp_path, "tag", "1.2.0")
    assert places(look(check_version_and_tag, tmp_path)) == {("no-changelog-entry", "CHANGELOG.md", 1)}


def test_version_on_the_index(tmp_path: Path) -> None:
    """PyPI is asked only when somebody wants it; a version that it has cannot be released again."""
    project, home = write(tmp_path / "plain"), tmp_path / "home"
    home.mkdir()
    with Twin.start(project=project) as twin:
        env = twin.environment(home, home)

        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(twin.wrap([sys.executable, "-m", *arguments]), cwd=project, env=env, capture_output=True, text=True, check=False)

        wheel = make_wheel(tmp_path, "plain", "1.2.0")
        env["TWINE_PASSWORD"] = twin.token("pypi")
        assert "has version" not in run("pypi_runbook", "doctor", "--online").stdout
        assert run("twine", "upload", str(wheel)).returncode == 0
        asked = len(twin.requests)
        done = run("pypi_runbook", "doctor")
        assert ("has version" in done.stdout, len(twin.requests)) == (False, asked)
        done = run("pypi_runbook", "doctor", "--online")
        assert (done.returncode, "pyproject.toml:3: PyPI has version 1.2.0 of plain already" in done.stdout) == (1, True)


def test_forms_of_the_specimen() -> None:
    """Each field is what the workflow will prove: owner and repository from the remote or the links, the file's bare name, the environment."""
    found = publishers(read_project(PROJECTS / "nautobot-ai-ops"))
    assert [(form.index, form.project, form.owner, form.repository, form.workflow, form.environment) for form in found] == [
        (index, "nautobot-ai-ops", "kvncampos", "nautobot-ai-ops", "publish-pypi.yml", index) for index in ("pypi", "testpypi")
    ]


def test_forms_without_an_environment_or_with_a_token(tmp_path: Path) -> None:
    """A job without environment leaves the field empty; one that uploads with a token needs no form."""
    write(tmp_path, {".github/workflows/publish.yml": ("    environment: pypi\n", "")})
    (form,) = publishers(read_project(tmp_path))
    assert form.environment is None
    assert "Environment name: (empty)" in str(form)
    (tmp_path / ".github/workflows/publish.yml").write_text(WORKFLOW + "        with:\n          password: ${{ secrets.TOKEN }}\n")
    assert publishers(read_project(tmp_path)) == []
