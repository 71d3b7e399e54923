"""publish-pypi.yml, this repository's and the AI Ops project's: its promises, and its own steps run as they stand in the file."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pypi_runbook.project import Job, Step, read_project
from pypi_runbook.project.checkout import materialize

ROOT = Path(__file__).resolve().parents[2]
SPECIMEN = ROOT / "tests" / "projects" / "nautobot-ai-ops"
FILE = ".github/workflows/publish-pypi.yml"
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
needs_poetry = pytest.mark.skipif(not shutil.which("poetry", path=PATH), reason="Poetry is in the lock's group `lock`, which scripts/lint installs")

GH = """#!{python}
# The part of GitHub's command line that the step uses, with the release's text in a file.
import json, pathlib, sys
release = pathlib.Path({release!r})
match sys.argv[1:]:
    case ["api", "repos/o/r/releases/7", "--jq", '.body // ""']:
        sys.stdout.buffer.write((json.loads(release.read_text())["body"] or "").encode() + b"\\n")
    case ["api", "--method", "PATCH", "repos/o/r/releases/7", "--field", field, "--silent"]:
        body = pathlib.Path(field.removeprefix("body=@")).read_bytes().decode()
        release.write_text(json.dumps({{"body": body}}))
    case other:
        sys.exit(f"gh: unexpected {{other}}")
"""


def jobs(root: Path = ROOT) -> dict[str, Job]:
    """Return the workflow's jobs by id."""
    (workflow,) = (workflow for workflow in read_project(root).workflows if workflow.file == FILE)
    return {job.id: job for job in workflow.jobs}


def step_of(job: str, name: str) -> Step:
    """Return the step of that name."""
    return next(step for step in jobs()[job].steps if step.name == name)


def run(step: Step, folder: Path, values: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run STEP as GitHub does: its text in a file, its shell, VALUES for what its `env` leaves to expressions."""
    assert set(step.env) <= set(values)
    assert step.run
    script = folder / "step"
    script.write_text(step.run)
    shell = [sys.executable] if step.shell == "python" else ["bash", "--noprofile", "--norc", "-eo", "pipefail"]
    env = {"PATH": PATH, "HOME": str(folder), "LANG": "C.UTF-8"} | values
    return subprocess.run([*shell, str(script)], cwd=values.get("GITHUB_WORKSPACE", folder), env=env, capture_output=True, text=True, check=False)


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


@pytest.mark.parametrize("written", ["", 'What a person wrote.\r\n\r\n- `code` and "quotes" and $HOME\r\n', None])
def test_release_notes_get_the_instructions_once(tmp_path: Path, written: str | None) -> None:
    """Hand-written text stays, the instructions come after it, and a second run changes nothing."""
    release = tmp_path / "release.json"
    release.write_text(json.dumps({"body": written}))
    (tmp_path / "gh").write_text(GH.format(python=sys.executable, release=str(release)))
    (tmp_path / "gh").chmod(0o755)
    values = {"GH_TOKEN": "t", "NAME": "made", "VERSION": "1.2", "RELEASE": "repos/o/r/releases/7", "PATH": f"{tmp_path}{os.pathsep}{PATH}"}
    bodies = []
    for _ in range(2):
        done = run(step_of("notes", "Append the installation instructions once"), tmp_path, values)
        assert done.returncode == 0, done.stderr
        bodies.append(json.loads(release.read_bytes())["body"])
    assert bodies[0] == bodies[1]
    assert bodies[0].startswith(written or "")
    assert bodies[0].count("## Installation") == 1
    assert "    python -m pip install made==1.2\n" in bodies[0]


def build(folder: Path, event: str, testpypi: str) -> dict[str, str]:
    """Run the build job's own commands in a clone of the specimen; return what it hands over, with the hashes."""
    materialize(SPECIMEN, folder / "work", folder / "origin.git")
    files = {f"GITHUB_{name}": str(folder / name) for name in ("OUTPUT", "STEP_SUMMARY", "PATH")}
    values = files | {"GITHUB_WORKSPACE": str(folder / "work"), "GITHUB_RUN_NUMBER": "7", "TESTPYPI": testpypi, "POETRY_VIRTUALENVS_CREATE": "false"}
    for step in jobs(SPECIMEN)["build"].steps:
        if step.run and step.name not in ("Install the build tools", "Compare the release with the version"):
            done = run(step, folder, values)
            assert done.returncode == 0, f"{event}: {step.name}: {done.stdout}{done.stderr}"
    outputs = dict(line.split("=", 1) for line in (folder / "OUTPUT").read_text().splitlines())
    return outputs | {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (folder / "work" / "dist").iterdir()}


@needs_poetry
def test_a_release_builds_the_version_and_the_same_bytes_again(tmp_path: Path) -> None:
    """Two runs on one commit hand over identical files, named for the version."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    first, second = build(tmp_path / "one", "release", "false"), build(tmp_path / "two", "release", "false")
    assert first == second
    assert (first["name"], first["version"]) == ("nautobot-ai-ops", "1.0.0")
    assert set(first) == {"name", "version", "nautobot_ai_ops-1.0.0.tar.gz", "nautobot_ai_ops-1.0.0-py3-none-any.whl"}


@needs_poetry
def test_a_test_by_hand_builds_a_version_of_its_own(tmp_path: Path) -> None:
    """TestPyPI takes each file name once, so a run by hand gets the run's number as a development release."""
    found = build(tmp_path, "workflow_dispatch", "true")
    assert found["version"] == "1.0.0.dev7"
    assert {"nautobot_ai_ops-1.0.0.dev7.tar.gz", "nautobot_ai_ops-1.0.0.dev7-py3-none-any.whl"} <= set(found)
    assert (tmp_path / "STEP_SUMMARY").read_text() == "nautobot-ai-ops 1.0.0.dev7\n"


def test_every_action_is_pinned_by_commit_with_its_version() -> None:
    """A moving tag cannot change what publishes; the comment says which version the commit is."""
    for path in sorted((ROOT / ".github" / "workflows").glob("*.yml")):
        for line in re.findall(r"uses:.*", path.read_text()):
            assert re.fullmatch(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), f"{path.name}: {line}"


def test_no_expression_stands_in_a_script() -> None:
    """What GitHub substitutes into a script could be code; it goes through `env`, where it is a value."""
    for workflow in read_project(ROOT).workflows:
        for job in workflow.jobs:
            assert not [step.name for step in job.steps if "${{" in (step.run or "")]


def test_only_a_published_release_reaches_pypi() -> None:
    """The condition of each job names its one event, and the notes wait for the upload."""
    found = jobs()
    assert found["pypi"].condition == "github.event_name == 'release'"
    assert found["testpypi"].condition == "github.event_name == 'workflow_dispatch' && inputs.testpypi"
    assert found["notes"].needs == ["build", "pypi"]
    assert [job.id for job in found.values() if job.id_token] == ["pypi", "testpypi"]


def test_both_projects_publish_with_the_same_workflow() -> None:
    """The AI Ops copy differs in the project's name alone, and has the same build tools."""
    ours, theirs = ((root / FILE).read_text() for root in (ROOT, SPECIMEN))
    assert theirs == ours.replace("/project/pypi-runbook/", "/project/nautobot-ai-ops/")
    assert (SPECIMEN / ".github/requirements/build.txt").read_bytes() == (ROOT / ".github/requirements/build.txt").read_bytes()


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
