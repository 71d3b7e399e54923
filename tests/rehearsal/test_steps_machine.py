"""What a job finds on its PATH, and that it leaves this machine as it is."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench import Bench
from standing import Scene, sh

from pypi_runbook.rehearsal.results import NotRehearsed
from pypi_runbook.rehearsal.steps.imagelist import REFUSED
from pypi_runbook.twin import Twin

REFUSALS = r"""
steps:
  - {run: sudo apt-get install -y jq, shell: bash}
  - {run: docker version || true}
  - {run: "mkdir own; printf '#!/bin/sh\\necho own\\n' > own/apt-get; chmod +x own/apt-get; echo \"$PWD/own\" >> \"$GITHUB_PATH\""}
  - {run: apt-get update}
  - {run: twine --version, continue-on-error: true}
  - {run: swift --version}
  - {run: swift --version || echo goes on}
"""
REASON = "sudo is refused: commands as another user would change this machine"


@pytest.mark.skipif(shutil.which("swift") is not None, reason="this machine has a command that the test takes for missing")
def test_refused_and_missing_commands(tmp_path: Path) -> None:
    """A command that would change the machine is refused by name, one that only a runner has is named; the job goes on, incomplete."""
    ran = Bench(tmp_path).run(REFUSALS)
    assert ran.outcomes == ["not-rehearsed", "success", "success", "not-rehearsed", "success", "not-rehearsed", "success"]
    assert ran.reasons[0] == REASON
    assert ran.notes[0] == NotRehearsed("job / Run sudo apt-get install -y jq", "sudo", REASON)
    assert [note.what for note in ran.notes] == ["sudo", "docker", "apt-get", "swift", "swift"]
    assert [note.essential for note in ran.notes] == [True, True, True, True, False], "a step did without the last one"
    missing = "swift is on GitHub's runners, but not on this machine; to rehearse the step: install swift"
    assert ran.reasons[2:] == ["Process completed with exit code 127.", missing]
    assert f"pypi-runbook: {REASON}" in ran.lines
    assert "own" not in ran.printed
    assert ran.result.result == "success"


def test_every_refusal_has_its_words() -> None:
    """Each refused command has a reason, and what publishing jobs call to change a machine is refused."""
    assert all(REFUSED.values())
    assert {"sudo", "docker", "podman", "apt", "apt-get", "dpkg", "yum", "dnf", "apk", "brew", "snap", "systemctl", "mount", "chroot"} <= set(REFUSED)


PYTHON = r"""
steps:
  - run: |
      python3 -c 'import sys, sysconfig; print(sysconfig.get_path("purelib"))' > where
      python3 -c 'import click' || echo bare
      pip --version > pip; python -m pip --version >> pip
      git --version; command -v poetry uv hatch twine || echo none
"""


def test_python_of_the_runner(tmp_path: Path) -> None:
    """Python outside of setup-python is the job's own: what is installed there reaches nobody, and nothing of this machine's shows."""
    ran = Bench(tmp_path).run(PYTHON)
    assert ran.outcomes == ["success"], ran.text
    workspace = ran.folders.workspace
    assert Path((workspace / "where").read_text().strip()).is_relative_to(tmp_path)
    assert (workspace / "pip").read_text().count(str(tmp_path)) == 2
    assert {"bare", "none"} <= set(ran.lines)


TOUCHES = r"""
steps:
  - {run: touch "$PLACE/mark", env: {PLACE: "%s"}, continue-on-error: true}
  - {run: touch /usr/mark-of-a-job /etc/mark-of-a-job, continue-on-error: true}
  - {run: 'touch here "$HOME/mark" "$RUNNER_TEMP/mark" "$TMPDIR/mark"; echo > /dev/null; mktemp -d -p /tmp'}
"""


@pytest.mark.needs("user namespaces")
def test_machine_is_read_only(tmp_path: Path) -> None:
    """A job writes into its own folders and where temporary files go, and not into the project or the system, whoever runs it."""
    bench = Bench(tmp_path)
    bench.run(TOUCHES % (tmp_path / "root"))
    assert [step.outcome for step in bench.result.steps] == ["failure", "failure", "success"], bench.text
    assert sum("Read-only file system" in line for line in bench.lines) == 3
    assert not list((tmp_path / "root").iterdir())
    assert (bench.folders.home / "mark").exists()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A repository in a twin."""
    with Twin.start() as twin:
        yield Scene(tmp_path_factory.mktemp("scene"), twin)


FETCH = "curl -s -o page -w '%{http_code}\\n' https://pypi.org/simple/nothing-of-this-name-exists/; curl -sS https://example.org 2>&1 || true"


@pytest.mark.needs("curl")
def test_the_network_is_the_twin(scene: Scene) -> None:
    """Commands of a job reach the twin as PyPI and nothing else."""
    ran = scene.run(sh(FETCH))
    assert ran.job.result == "success", ran.text
    assert "404" in ran.lines
    assert scene.twin
    assert any(request.path.endswith("/simple/nothing-of-this-name-exists/") for request in scene.twin.requests)
    assert "curl: (56)" in ran.text or "curl: (6)" in ran.text, ran.text


@pytest.mark.needs("user namespaces", "curl")
def test_steps_share_a_network(scene: Scene) -> None:
    """A server that one step starts answers the next one, as on a runner."""
    serve = f"{shlex.quote(sys.executable)} -m http.server 8123 --bind 127.0.0.1 >/dev/null 2>&1 &"
    ran = scene.run(
        sh(serve), sh("for i in $(seq 50); do curl -s -o /dev/null http://127.0.0.1:8123/ && echo answered && exit; sleep 0.1; done; exit 1")
    )
    assert ran.job.result == "success", ran.text
    assert "answered" in ran.lines
