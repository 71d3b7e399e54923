"""`pypi-runbook doctor` as people and programs run it: words, JSON, annotations, exit statuses, and input of any kind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from doctor_bench import PROJECTS, Changes, write

from pypi_runbook.doctor import Checkup
from pypi_runbook.doctor.annotations import annotation
from pypi_runbook.doctor.checks import carry_out
from pypi_runbook.doctor.checkup import unfinished
from pypi_runbook.doctor.progress import Progress
from pypi_runbook.finding import Finding
from pypi_runbook.project import read_project

AI_OPS = PROJECTS / "nautobot-ai-ops"
SCRIPTS = str(Path(sys.executable).parent)


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command with SETTINGS in its environment, outside of Actions unless these say otherwise."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")} | settings
    command = [sys.executable, "-m", "pypi_runbook", "doctor", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


def test_words_for_people(tmp_path: Path) -> None:
    """Findings stand on stdout with their place, what to do and the page; the count stands on stderr, the forms below the findings."""
    write(tmp_path, {"pyproject.toml": ('keywords = ["plain"]\n', "")})
    done = run("--project", str(tmp_path))
    assert "note: pyproject.toml:1: the metadata has no keywords: people find it only by its name\n  next: " in done.stdout
    assert "  page: publishing/metadata.md\n" in done.stdout
    assert done.stdout.index("no keywords") < done.stdout.index("Workflow name: 'publish.yml'")
    assert done.stderr.splitlines()[-1].endswith("notes.")


def test_json_for_programs() -> None:
    """The design's document and nothing else stands on stdout; nothing found is exit status 0."""
    done = run("--project", str(AI_OPS), "--json", "--no-history")
    document = json.loads(done.stdout)
    assert (done.returncode, document["schema"], document["findings"]) == (0, 1, [])
    assert [form["environment"] for form in document["publishers"]] == ["pypi", "testpypi"]
    assert run("--project", str(AI_OPS)).stderr.endswith("Nothing was found that speaks against a release.\n")


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"pyproject.toml": "[project"}, 2, "pyproject.toml:1: this is not valid TOML"),
        ({".github/workflows/publish.yml": "on: [push\n"}, 2, "this is not valid YAML"),
        ({"pyproject.toml": None, ".github/workflows/publish.yml": None}, 2, "there is nothing to examine"),
        ({".github/workflows/publish.yml": None}, 1, "no workflow publishes this project"),
        ({"pyproject.toml": None}, 1, "describes what"),
    ],
)
def test_exit_statuses(tmp_path: Path, changes: Changes, status: int, words: str) -> None:
    """What is not understood is 2, what is not right is 1, and what was not looked at is said."""
    done = run("--project", str(write(tmp_path, changes)))
    assert done.returncode == status
    assert words in done.stdout + done.stderr


def test_options_that_exclude_each_other(tmp_path: Path) -> None:
    """Files that somebody names are not built."""
    done = run("--build", "--dist", str(tmp_path))
    assert done.returncode == 2
    assert "exclude each other" in done.stderr


def test_annotations_under_actions(tmp_path: Path) -> None:
    """Each finding is an annotation at its place below the workspace; stdout stays JSON."""
    write(tmp_path / "inner", {"pyproject.toml": ('keywords = ["plain"]\n', "")})
    done = run("--project", str(tmp_path / "inner"), "--json", GITHUB_ACTIONS="true", GITHUB_WORKSPACE=str(tmp_path))
    count = len(json.loads(done.stdout)["findings"])
    lines = [line for line in done.stderr.splitlines() if line.startswith("::")]
    assert len(lines) == count
    assert any(line.startswith("::notice file=inner/pyproject.toml,line=1,title=pypi-runbook doctor%3A no-keywords::the metadata") for line in lines)


def test_annotations_are_escaped() -> None:
    """What would end a property or the command is written as the runner undoes it."""
    finding = Finding("an-id", "error", "100% of\r\nthis: a, b", "a,b:c.py", 3, "do it")
    assert annotation(finding) == "::error file=a%2Cb%3Ac.py,line=3,title=pypi-runbook doctor%3A an-id::100%25 of%0D%0Athis: a, b%0Anext: do it"


@pytest.mark.parametrize(("module", "package"), [("check_wheel_contents", "check-wheel-contents"), ("validate_pyproject", "validate-pyproject")])
def test_missing_extra(tmp_path: Path, module: str, package: str) -> None:
    """A part of the extra that is not installed is named, with what installs it."""
    hides = ["import sys", "import importlib.util as util", "real = util.find_spec", f"sys.modules[{module!r}] = None"]
    hides.append(f"util.find_spec = lambda name, *rest: None if name == {module!r} else real(name, *rest)")
    (tmp_path / "sitecustomize.py").write_text("\n".join(hides))
    done = run("--project", str(AI_OPS), PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert "needs the extra `doctor`" in done.stderr
    assert package in done.stderr
    assert "pip install 'pypi-runbook[doctor]'" in done.stderr
    assert run("--help", PYTHONPATH=str(tmp_path)).returncode == 0


def test_progress_is_quiet_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is said of what ends soon; what takes long is said while it goes on."""
    monkeypatch.setattr("pypi_runbook.doctor.progress.QUIET_SECONDS", 0.4)
    monkeypatch.setattr("pypi_runbook.doctor.progress.SHORT_SECONDS", 0.2)
    said: list[str] = []
    with Progress(said.append) as progress:
        progress("quick")
        progress("slow")
        time.sleep(0.6)
        assert said == ["slow"]
        progress("quick again")
    time.sleep(0.3)
    assert said == ["slow"]


def test_a_check_that_cannot_be_carried_out() -> None:
    """The others still are, and what went wrong is a finding with its own words."""

    def check_nothing(checkup: Checkup) -> list[Finding]:
        raise PermissionError(13, "no such right", str(checkup.root))

    finding = unfinished(check_nothing, PermissionError(13, "no such right"))
    assert [each.id for each in carry_out(check_nothing, Checkup(read_project(AI_OPS)))] == ["not-checked"]
    assert finding.message == "the check of nothing could not be carried out: [Errno 13] no such right"
