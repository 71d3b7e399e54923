"""publish-pypi.yml, this repository's and the AI Ops project's: its own steps that decide something, run as they stand in the file."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hub import SLUG, Hub

from pypi_runbook.project import Step, read_project
from pypi_runbook.tools import PACKAGED

pytest_plugins = ["people", "hub"]

ROOT = Path(__file__).resolve().parents[2]
RELEASES = f"repos/{SLUG}/releases"
FILE = ".github/workflows/publish-pypi.yml"
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
INSTRUCTIONS = """
<!-- installation instructions of publish-pypi.yml -->
## Installation

    python -m pip install made==1.2

Files and hashes: <https://pypi.org/project/made/1.2/#files>
"""


def step_of(job: str, name: str) -> Step:
    """Return the step of that name."""
    (workflow,) = (workflow for workflow in read_project(ROOT).workflows if workflow.file == FILE)
    (steps,) = (each.steps for each in workflow.jobs if each.id == job)
    return next(step for step in steps if step.name == name)


def run(step: Step, folder: Path, values: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run STEP as GitHub does: its text in a file, its shell, VALUES for what its `env` leaves to expressions."""
    assert set(step.env) <= set(values)
    assert step.run
    script = folder / "step"
    script.write_text(step.run)
    shell = [sys.executable] if step.shell == "python" else ["bash", "--noprofile", "--norc", "-eo", "pipefail"]
    env = {"PATH": PATH, "HOME": str(folder), "LANG": "C.UTF-8"} | values
    return subprocess.run([*shell, str(script)], cwd=values.get("GITHUB_WORKSPACE", folder), env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("project", [ROOT, ROOT / "tests/projects/nautobot-ai-ops"], ids=["pypi-runbook", "nautobot-ai-ops"])
def test_no_step_calls_what_a_machine_may_lack(project: Path) -> None:
    """The release can be rehearsed where git and Python are, so no step calls gh, curl or the like."""
    (workflow,) = (workflow for workflow in read_project(project).workflows if workflow.file == FILE)
    scripts = [step.run for job in workflow.jobs for step in job.steps if step.run]
    assert len(scripts) >= 6
    assert not set(re.findall(r"[\w-]+", "\n".join(scripts))) & (PACKAGED - {"git"})


@pytest.mark.parametrize(
    ("tag", "version", "prerelease", "words"),
    [
        ("1.0.0", "1.0.0", "false", None),
        ("1.0.0rc1", "1.0.0rc1", "true", None),
        ("1.0.0.post1", "1.0.0.post1", "false", None),
        ("v1.0.0", "1.0.0", "false", "The tag v1.0.0 and the version 1.0.0 differ; the tag is the version, without a v."),
        ("1.0.1", "1.0.0", "false", "The tag 1.0.1 and the version 1.0.0 differ"),
        ("1.0.0rc1", "1.0.0rc1", "false", "1.0.0rc1 is a pre-release, but the release says otherwise."),
        ("1.0.0", "1.0.0", "true", "1.0.0 is no pre-release, but the release says otherwise."),
        ("1.0.0-rc.1", "1.0.0-rc.1", "true", "not written as PyPI writes it: 1.0.0rc1."),
        ("1.0.0+local", "1.0.0+local", "false", "not written as PyPI writes it: 1.0.0."),
        ("latest", "latest", "false", "latest is not a version"),
    ],
)
def test_tag_version_and_flag_must_agree(tmp_path: Path, tag: str, version: str, prerelease: str, words: str | None) -> None:
    """A release goes on only when its tag is the version and its pre-release flag says what the version says."""
    done = run(step_of("build", "Compare the release with the version"), tmp_path, {"TAG": tag, "VERSION": version, "PRERELEASE": prerelease})
    if words is None:
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    else:
        assert done.returncode == 1
        assert "::error file=pyproject.toml::" in done.stdout + done.stderr
        assert words in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def append(hub: Hub, folder: Path, release: int, **permissions: str) -> subprocess.CompletedProcess[str]:
    """Run the step of the notes job for the release with that id, with a token that has PERMISSIONS."""
    (folder / "home").mkdir(exist_ok=True)
    values = {"GH_TOKEN": hub.token(**permissions), "NAME": "made", "VERSION": "1.2", "RELEASE": f"https://api.github.com/{RELEASES}/{release}"}
    step = step_of("notes", "Append the installation instructions once")
    return run(step, folder, {**hub.twin.environment(folder / "home", folder), **values})


@pytest.mark.parametrize("written", ["", 'What a person wrote.\r\n\r\n- `code` and "quotes" and $HOME\r\n', None])
def test_release_notes_get_the_instructions_once(hub: Hub, tmp_path: Path, written: str | None) -> None:
    """Hand-written text stays, the instructions come after it, and a second run changes nothing."""
    token = hub.token(contents="write")
    release = hub.ask("POST", f"/{RELEASES}", token, {"tag_name": tmp_path.name, "body": written}).json["id"]
    bodies = []
    for _ in range(2):
        done = append(hub, tmp_path, release, contents="write")
        assert done.returncode == 0, done.stderr
        bodies.append(hub.ask("GET", f"/{RELEASES}/{release}", token).json["body"])
    assert bodies[0] == bodies[1]
    assert bodies[0] == f"{written or ''}\n{INSTRUCTIONS}"


def test_release_notes_that_github_refuses_are_told_in_one_line(hub: Hub, tmp_path: Path) -> None:
    """Without `contents: write` the step fails with GitHub's answer as an annotation, and the notes stay."""
    token = hub.token(contents="write")
    release = hub.ask("POST", f"/{RELEASES}", token, {"tag_name": "2.0", "body": "By hand"}).json["id"]
    done = append(hub, tmp_path, release, contents="read")
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["::error::GitHub did not update the release notes: HTTP Error 403: Forbidden; re-run this job."]
    assert hub.ask("GET", f"/{RELEASES}/{release}", token).json["body"] == "By hand"


@pytest.mark.parametrize(("written", "testpypi", "version"), [("1.0.0", "false", "1.0.0"), ("1.1.0.dev0", "true", "1.1.0.dev7")])
def test_the_version_is_read_and_changed_for_a_test_alone(tmp_path: Path, written: str, testpypi: str, version: str) -> None:
    """TestPyPI takes each file name once, so a run by hand with the box gets the run's number; the outputs and the summary say what is built."""
    (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "made-here"\nversion = "{written}"\n')
    files = {name: tmp_path / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    values = {name: str(path) for name, path in files.items()} | {"GITHUB_RUN_NUMBER": "7", "TESTPYPI": testpypi, "FORCE_COLOR": "1"}
    done = run(step_of("build", "Read the version"), tmp_path, values)
    assert done.returncode == 0, done.stderr
    assert files["GITHUB_OUTPUT"].read_text() == f"name=made-here\nversion={version}\n"
    assert files["GITHUB_STEP_SUMMARY"].read_text() == f"made-here {version}\n"
    assert f'version = "{version}"' in (tmp_path / "pyproject.toml").read_text()


def test_the_build_tools_are_those_of_the_lock() -> None:
    """CI builds with the versions that poetry.lock has, so a person's machine gives the same bytes."""
    done = subprocess.run([sys.executable, ".github/requirements/refresh", "--check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_drifted_project_has_the_faults_that_it_lists() -> None:
    """Each row of the specimen's list names text that really stands in the file."""
    drifted = ROOT / "tests" / "projects" / "nautobot-ai-ops-drifted"
    rows = re.findall(r"^\| (D\d+) \| (\S+) \| `([^`]+)` \| (.+) \|$", (drifted / "README.md").read_text(), re.MULTILINE)
    assert len(rows) == len({row[0] for row in rows}) >= 25
    for fault, file, evidence, _ in rows:
        assert evidence in (drifted / file).read_text(), fault
