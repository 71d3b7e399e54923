"""What CI relies on: the one required check, and coverage that is measured in every process."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from coverage import CoverageData
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
JOBS: dict[str, dict[str, Any]] = YAML(typ="safe").load(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]
REQUIRED = JOBS["required"]
# Jobs that run only on a schedule or by hand, and the one that publishes the site after a merge.
OTHERS = {"newest", "large", "deploy", "required"}


def ends_green(*results: str) -> bool:
    """Run the step of the required job as GitHub does, for jobs that ended with RESULTS, and say whether it passes."""
    (step,) = REQUIRED["steps"]
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    return subprocess.run(shell, env={"RESULTS": " ".join(results)}, stdout=subprocess.DEVNULL, check=False).returncode == 0


def test_the_required_job_needs_every_job_of_a_pull_request() -> None:
    """A new job of ci.yml has to be required, or to be listed here as one that is not; the results of all are looked at."""
    assert set(REQUIRED["needs"]) == JOBS.keys() - OTHERS
    assert REQUIRED["if"].startswith("always() && ")
    assert REQUIRED["steps"][0]["env"] == {"RESULTS": "${{ join(needs.*.result, ' ') }}"}


@pytest.mark.parametrize("result", ["failure", "cancelled", "skipped"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_required_job_is_red_unless_every_job_passed(result: str, place: int) -> None:
    """One job that failed, was cancelled or was skipped turns the check red; only when all passed it is green."""
    results = ["success", "success", "success"]
    assert ends_green(*results)
    results[place] = result
    assert not ends_green(*results)


DRIVER = """
import subprocess, sys
from pathlib import Path
import environment
environment.PYTHON = Path(sys.argv[1])
import measuring
with measuring.coverage_everywhere(Path(sys.argv[2])):
    subprocess.run([environment.PYTHON, "-c", sys.argv[3]], env={"LANG": "C.UTF-8"}, check=True)
"""
PROGRAM = """
import os
if os.fork() == 0:
    import pypi_runbook.secrets
    os._exit(0)
os.wait()
import pypi_runbook.errors
print(*os.environ)
"""


@pytest.fixture(name="python")
def _python(tmp_path: Path) -> Path:
    """Make an environment of its own with this one's packages, so that the test does not measure the other tests."""
    folder = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "locked.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ROOT / 'src'}\n")
    return folder / "bin" / "python"


def test_coverage_is_measured_in_every_process_and_seen_by_none(python: Path, tmp_path: Path) -> None:
    """A process with a replaced environment and a fork that ends with `os._exit` are measured; no variable tells them so."""
    data = tmp_path / "data"
    data.mkdir()
    command = [sys.executable, "-c", DRIVER, str(python), str(data), PROGRAM]
    done = subprocess.run(command, cwd=ROOT / "scripts", stdout=subprocess.PIPE, text=True, check=True)
    assert not [name for name in done.stdout.split() if "COVERAGE" in name or "RUNBOOK" in name]
    assert {"secrets.py", "errors.py"} <= {Path(name).name for file in data.iterdir() for name in lines_in(file)}
    assert not list(tmp_path.rglob("pypi_runbook_coverage.pth"))


def lines_in(file: Path) -> list[str]:
    """Return the sources of which a data file of coverage has lines."""
    found = CoverageData(basename=str(file))
    found.read()
    return [name for name in found.measured_files() if found.lines(name)]
