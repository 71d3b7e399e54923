"""`pypi-runbook show` on the real command line: what it answers for this repository and for the specimens."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pypi_runbook.errors import RunbookError
from pypi_runbook.project import read_project
from pypi_runbook.project.checkout import materialize

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = ROOT / "tests" / "projects"
WORKFLOW = ".github/workflows/publish-pypi.yml"


def run(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does, in a terminal of 80 columns."""
    command = [sys.executable, "-m", "pypi_runbook", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=os.environ | {"COLUMNS": "80"})


def git(folder: Path, *arguments: str) -> str:
    """Return what git prints in FOLDER, without the person's settings."""
    env = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True, env=env).stdout


def show(project: Path, *options: str) -> Any:
    """Return the JSON document for PROJECT."""
    done = run("show", "--json", "--project", str(project), *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(name="clone", scope="module")
def _clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a clone of this repository whose remote is a folder, so that a fork's name does not matter."""
    folder = tmp_path_factory.mktemp("clone")
    materialize(ROOT, folder / "work", folder / "origin.git")
    return folder / "work"


def test_this_repository(clone: Path) -> None:
    """The values of this repository's own files come out in the promised shape."""
    document = show(clone)
    assert document["schema"] == 1
    expected = {
        "name": "pypi-runbook",
        "version_dynamic": False,
        "backend": "poetry.core.masonry.api",
        "license": "Apache-2.0",
        "requires_python": ">=3.11",
        "import_names": ["pypi_runbook"],
    }
    assert {key: document["project"][key] for key in expected} == expected
    assert document["project"]["urls"]["Repository"] == "https://github.com/kvncampos/pypi-runbook"
    assert document["projects"] == []
    assert document["repository"] == {
        "owner": "kvncampos",
        "name": "pypi-runbook",
        "url": "https://github.com/kvncampos/pypi-runbook",
        "default_branch": "main",
    }


@pytest.mark.parametrize("project", [ROOT, PROJECTS / "nautobot-ai-ops"], ids=["pypi-runbook", "nautobot-ai-ops"])
def test_the_publishing_workflow(project: Path) -> None:
    """Both projects publish with the same four jobs, found by what they do."""
    document = show(project)
    (workflow,) = (workflow for workflow in document["workflows"] if workflow["file"] == WORKFLOW)
    assert workflow["name"] == "Publish to PyPI"
    events = {trigger["event"]: trigger for trigger in workflow["triggers"]}
    assert events["release"]["types"] == ["published"]
    assert events["workflow_dispatch"]["inputs"] == {"testpypi": {"description": "Publish to TestPyPI", "type": "boolean", "default": False}}
    jobs = {job["id"]: job for job in workflow["jobs"]}
    assert list(jobs) == ["build", "pypi", "testpypi", "notes"]
    assert jobs["build"]["python_versions"] == ["3.11"]
    assert [(job["needs"], job["environment"], job["id_token"]) for job in jobs.values()] == [
        ([], None, None),
        (["build"], "pypi", "job"),
        (["build"], "testpypi", "job"),
        (["build", "pypi"], None, None),
    ]
    uploads = [(job_id, upload["index"], upload["client"], upload["auth"]) for job_id, job in jobs.items() for upload in job["publishes"]]
    assert uploads == [(index, index, "pypa/gh-action-pypi-publish", "trusted-publishing") for index in ("pypi", "testpypi")]
    assert document["publishing"] == {index: [{"workflow": WORKFLOW, "job": index, "environment": index}] for index in ("pypi", "testpypi")}
    assert document["unknown"] == []


def test_the_ai_ops_project() -> None:
    """[tool.poetry] gives the same kinds of values as [project]; the repository comes from the links."""
    document = show(PROJECTS / "nautobot-ai-ops")
    project = document["project"]
    assert (project["name"], project["version"], project["license"], project["requires_python"]) == (
        "nautobot-ai-ops",
        "1.0.0",
        "Apache-2.0",
        ">=3.11",
    )
    assert project["authors"] == ["Kevin Campos <kvncampos@duck.com>"]
    assert project["description"] == "AI Ops - Advanced artificial intelligence capabilities for Nautobot"
    assert list(project["urls"]) == ["Homepage", "Repository", "Documentation", "Changelog", "Issues"]
    assert project["dependencies"] == ["packaging>=24.2"]
    assert project["import_names"] == ["ai_ops"]
    assert document["repository"]["url"] == "https://github.com/kvncampos/nautobot-ai-ops"


def test_text_is_for_people(clone: Path) -> None:
    """Without --json the same facts come as tables on stdout, whole even in a narrow terminal."""
    done = run("show", cwd=clone)
    assert done.returncode == 0
    assert done.stderr == ""
    assert "…" not in done.stdout
    for word in ("pypi-runbook", "kvncampos", "Publish to PyPI", "testpypi"):
        assert word in done.stdout


def test_ask_backend_says_what_no_file_says(tmp_path: Path) -> None:
    """Only on request the build backend is run, and then it gives the version that it makes."""
    (tmp_path / "backend.py").write_text(
        "from pathlib import Path\n"
        "def build_wheel(folder, settings=None, metadata=None): raise AssertionError\n"
        "def build_sdist(folder, settings=None): raise AssertionError\n"
        "def prepare_metadata_for_build_wheel(folder, settings=None):\n"
        "    info = Path(folder, 'made-1.dist-info'); info.mkdir()\n"
        "    (info / 'METADATA').write_text('Metadata-Version: 2.4\\nName: made\\nVersion: 1.2.3\\nLicense-Expression: MIT\\n')\n"
        "    return info.name\n"
    )
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "made"\ndynamic = ["version"]\n[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    before, after = show(tmp_path), show(tmp_path, "--ask-backend")
    assert (before["project"]["version"], after["project"]["version"]) == (None, "1.2.3")
    assert after["project"]["version_dynamic"] is True
    assert {"project.version", "project.license"} <= {item["path"] for item in before["unknown"]}
    assert not {"project.version", "project.license"} & {item["path"] for item in after["unknown"]}


def test_ask_backend_leaves_nothing_behind(tmp_path: Path) -> None:
    """The backend runs on a copy with the same commit, tags and local edits, so what it writes next to the sources is not in the checkout."""
    (tmp_path / "backend.py").write_text(
        "import subprocess\n"
        "from pathlib import Path\n"
        "def build_wheel(folder, settings=None, metadata=None): raise AssertionError\n"
        "def build_sdist(folder, settings=None): raise AssertionError\n"
        "def prepare_metadata_for_build_wheel(folder, settings=None):\n"
        "    info = Path(folder, 'made-1.dist-info'); info.mkdir()\n"
        "    Path('made.egg-info').mkdir(); Path('VERSION').write_text('')\n"
        "    edited = subprocess.check_output(['git', 'status', '--porcelain', '-uno'], text=True).split()\n"
        "    version = subprocess.check_output(['git', 'describe', '--tags'], text=True).strip() + '+' + ''.join(edited)\n"
        "    (info / 'METADATA').write_text(f'Metadata-Version: 2.4\\nName: made\\nVersion: {version}\\n')\n"
        "    return info.name\n"
    )
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "made"\ndynamic = ["version"]\n[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (tmp_path / "VERSION").write_text("1\n")
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    git(tmp_path, "add", "--all")
    git(tmp_path, "-c", "user.name=A", "-c", "user.email=a@example.invalid", "commit", "--quiet", "--message", "Start")
    git(tmp_path, "tag", "v1.2.3")
    (tmp_path / "backend.py").write_text((tmp_path / "backend.py").read_text() + "# edited\n")
    before = git(tmp_path, "status", "--porcelain", "--ignored")
    # Only the two files that differ from the commit: one is an edit of the person, the other the backend's.
    assert show(tmp_path, "--ask-backend")["project"]["version"] == "v1.2.3+MVERSIONMbackend.py"
    assert git(tmp_path, "status", "--porcelain", "--ignored") == before


def test_a_backend_that_fails_is_an_error_without_traceback(tmp_path: Path) -> None:
    """What the backend said last is the message."""
    (tmp_path / "pyproject.toml").write_text('[build-system]\nrequires = []\nbuild-backend = "absent"\nbackend-path = ["."]\n')
    done = run("show", "--ask-backend", "--project", str(tmp_path))
    assert done.returncode == 2
    progress, error = done.stderr.splitlines()[:2]
    assert progress == "asking the build backend absent of pyproject.toml: this installs it and runs the project's code"
    assert error.startswith("error: pyproject.toml: the build backend gave no metadata: ")
    assert "Traceback" not in done.stderr


MALFORMED = {
    "toml": ("pyproject.toml", '[project]\nname = "a"\nversion = \n', "malformed-toml", 3),
    "toml-open-string": ("pyproject.toml", '[project]\nname = "a"\n\ndescription = """\n', "malformed-toml", 4),
    "toml-type": ("pyproject.toml", '[project]\nname = "a"\nversion = 1.0\n', "wrong-type", 3),
    "toml-latin-1": ("pyproject.toml", b'[project]\nname = "\xe9"\n', "unreadable-file", 2),
    "setup-cfg": ("setup.cfg", "[metadata]\nname = a\n[options\n", "malformed-setup-cfg", 3),
    "yaml-tab": (".github/workflows/x.yml", "on: push\njobs:\n\tbuild: {}\n", "malformed-yaml", 3),
    "yaml-twice": (".github/workflows/x.yml", "on: push\njobs: {}\non: release\n", "malformed-yaml", 3),
    "yaml-list": (".github/workflows/x.yml", "- push\n", "malformed-workflow", 1),
    "yaml-empty": (".github/workflows/x.yml", "", "malformed-workflow", 1),
    "yaml-no-jobs": (".github/workflows/x.yml", "on: push\njobs:\n", "malformed-workflow", 2),
    "yaml-job": (".github/workflows/x.yml", "on: push\njobs:\n  build: 3\n", "malformed-workflow", 3),
    "yaml-step": (".github/workflows/x.yml", "on: push\njobs:\n  build:\n    steps:\n      - make\n", "malformed-workflow", 5),
}


def malformed(folder: Path, case: str) -> Path:
    """Write the malformed file of CASE into FOLDER; return FOLDER."""
    file, text, _, _ = MALFORMED[case]
    assert isinstance(file, str)
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).write_bytes(text if isinstance(text, bytes) else str(text).encode())
    return folder


@pytest.mark.parametrize("case", MALFORMED)
def test_what_cannot_be_read_is_named_with_its_line(tmp_path: Path, case: str) -> None:
    """A malformed file ends with status 2, its place and what to do."""
    with pytest.raises(RunbookError) as caught:
        read_project(malformed(tmp_path, case))
    error, (file, _, name, line) = caught.value, MALFORMED[case]
    assert (error.status, error.id, error.file, error.line) == (2, name, file, line)
    assert error.next


@pytest.mark.parametrize("case", ["toml-latin-1", "yaml-tab"])
def test_what_cannot_be_read_is_told_in_words_and_as_json(tmp_path: Path, case: str) -> None:
    """The command prints a malformed file's place on stderr and the same error as JSON on stdout; never a traceback."""
    file, _, name, line = MALFORMED[case]
    done = run("show", "--json", "--project", str(malformed(tmp_path, case)))
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {file}:{line}: ")
    assert "Traceback" not in done.stderr
    error = json.loads(done.stdout)["error"]
    assert (error["id"], error["file"], error["line"]) == (name, file, line)


def test_nothing_of_the_project_is_run(tmp_path: Path) -> None:
    """Reading leaves the folder as it is, and setup.py is not asked."""
    shutil.copytree(PROJECTS / "setup-cfg-only", tmp_path / "project")
    before = sorted((path, path.stat().st_mtime_ns) for path in (tmp_path / "project").rglob("*"))
    assert show(tmp_path / "project")["project"]["version"] == "0.9.3"
    assert sorted((path, path.stat().st_mtime_ns) for path in (tmp_path / "project").rglob("*")) == before
