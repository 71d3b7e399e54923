"""What `show` says of repositories as other people write them: one small real project for each trait, and its facts in `expected/`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pypi_runbook.errors import RunbookError
from pypi_runbook.project import read_project

PROJECTS = Path(__file__).resolve().parents[1] / "projects"
EXPECTED = sorted(Path(__file__).with_name("expected").glob("*.json"))
FIELDS = ("name", "version", "version_dynamic", "backend", "license", "requires_python", "description", "dependencies", "import_names", "file")


def document(root: Path) -> dict[str, Any]:
    """Return the document of `show --json`."""
    found: dict[str, Any] = json.loads(json.dumps(read_project(root).as_json()))
    return found


def relevant(root: Path) -> dict[str, Any]:
    """Return what an expected file holds of `show --json`: metadata, events, each job's identity and uploads, and all that is unknown."""
    found = document(root)
    jobs = [(Path(workflow["file"]).name, job) for workflow in found["workflows"] for job in workflow["jobs"]]
    facts = {
        "project": {field: found["project"][field] for field in FIELDS},
        "projects": [{field: project[field] for field in ("name", "version", "file")} for project in found["projects"]],
        "events": {Path(workflow["file"]).name: events(workflow) for workflow in found["workflows"]},
        "jobs": {f"{file} {job['id']}": identity(job) for file, job in jobs},
        "unknown": {item["path"]: item["reason"] for item in found["unknown"] if not item["path"].startswith("repository.")},
    }
    return {key: value for key, value in facts.items() if value}


def events(workflow: dict[str, Any]) -> dict[str, Any]:
    """Return each event of WORKFLOW with the filters that it has."""
    return {trigger["event"]: {key: value for key, value in trigger.items() if value and key != "event"} for trigger in workflow["triggers"]}


def identity(job: dict[str, Any]) -> dict[str, Any]:
    """Return what JOB publishes, and as whom."""
    uploads = [[upload[key] for key in ("index", "client", "auth", "environment")] for upload in job["publishes"]]
    return {key: job[key] for key in ("environment", "id_token", "python_versions")} | {"publishes": uploads}


@pytest.mark.parametrize("path", EXPECTED, ids=[path.stem for path in EXPECTED])
def test_the_facts_of_a_project(path: Path) -> None:
    """Each project's facts are those that its file lists, nothing more: what cannot be known is null and has its reason."""
    assert relevant(PROJECTS / path.stem) == json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", EXPECTED, ids=[path.stem for path in EXPECTED])
def test_what_is_null_is_unknown_with_a_reason(path: Path) -> None:
    """No field of a distribution is null without an entry, and each entry's place is null or empty."""
    found = document(PROJECTS / path.stem)
    places = {"project": found["project"]} | {f"projects[{index}]": project for index, project in enumerate(found["projects"])}
    nulls = {f"{place}.{key}" for place, project in places.items() for key, value in project.items() if value is None}
    assert nulls == {item["path"] for item in found["unknown"] if item["path"].startswith("project")}
    assert all(item["reason"] for item in found["unknown"])


def test_publishing_names_the_environment_of_each_index() -> None:
    """One job that uploads to two indexes, each from its own environment, is two entries."""
    by_event, matrix = (document(PROJECTS / name)["publishing"] for name in ("environments", "matrix-publishing"))
    entry = {"workflow": ".github/workflows/release.yml", "job": "by-event"}
    assert entry | {"environment": "pypi"} in by_event["pypi"]
    assert by_event["testpypi"] == [entry | {"environment": "testpypi"}]
    assert [each["environment"] for each in matrix["pypi"] + matrix["testpypi"]] == ["pypi", "testpypi"]


def test_nothing_of_any_project_is_run(tmp_path: Path) -> None:
    """setup.py, conftest.py, noxfile.py and the modules of these projects would leave a file; reading leaves every folder as it was."""
    shutil.copytree(PROJECTS, tmp_path / "projects", symlinks=True)
    programs = [path for path in (tmp_path / "projects").rglob("*.py") if "was-run" in path.read_text(encoding="utf-8")]
    assert len(programs) >= 7
    before = {path: path.lstat().st_mtime_ns for path in (tmp_path / "projects").rglob("*")}
    for path in EXPECTED:
        read_project(tmp_path / "projects" / path.stem)
    assert {path: path.lstat().st_mtime_ns for path in (tmp_path / "projects").rglob("*")} == before


def test_a_setting_of_git_is_not_run(tmp_path: Path) -> None:
    """A repository that somebody hands over may name a program in .git/config, which git starts when it lists files."""
    git_folder = tmp_path / ".git"
    for name in ("objects", "refs/heads"):
        (git_folder / name).mkdir(parents=True)
    (git_folder / "HEAD").write_text("ref: refs/heads/main\n")
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch '{tmp_path}/was-run'\n")
    program.chmod(0o755)
    (git_folder / "config").write_text(f"[core]\n\trepositoryformatversion = 0\n\tfsmonitor = {program}\n\thooksPath = {tmp_path}\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "a"\nversion = "1"\n')
    assert read_project(tmp_path).project.name == "a"
    assert not (tmp_path / "was-run").exists()


def test_nothing_outside_of_the_project_is_read(tmp_path: Path) -> None:
    """A link that leads out is refused, and a version is not taken from somebody else's file."""
    (tmp_path / "elsewhere").write_text("1.0\n")
    project = tmp_path / "project"
    project.mkdir()
    setuptools = '[tool.setuptools.dynamic]\nversion = {file = "../elsewhere"}\n'
    (project / "pyproject.toml").write_text(f'[project]\nname = "a"\ndynamic = ["version"]\n{setuptools}')
    assert read_project(project).project.version is None
    (project / "setup.cfg").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunbookError, match="outside of the project"):
        read_project(project)
