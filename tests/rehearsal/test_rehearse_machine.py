"""What a rehearsal does to this machine: it joins a twin, ends with Ctrl-C, asks first where it should, and leaves one report."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from small import command, commit, project, rehearse
from stopping import IGNORING

from pypi_runbook.rehearsal.consent import stranger
from pypi_runbook.twin import Twin

ONE_STEP = "on: push\npermissions: {}\njobs: {a: {runs-on: u, steps: [{run: 'true'}]}}\n"
SLOW = """
on: workflow_dispatch
permissions: {}
jobs:
  slow:
    runs-on: ubuntu-latest
    steps:
      - run: echo "$$" > "$PWD/../pid"; touch started; sleep 60
"""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Give a rehearsal whose only step sleeps, in a temporary folder of its own."""
    env = os.environ | {"TMPDIR": str(tmp_path)}
    root = project(tmp_path / "p", SLOW)
    process = subprocess.Popen(
        [*IGNORING, *command("rehearse", "workflow_dispatch", "--workflow", "publish.yml", "--project", str(root))], env=env, stderr=subprocess.PIPE
    )
    try:
        until = time.monotonic() + 60
        while not list(tmp_path.glob("twin-rehearsal-*/run-0/*/work/small/pid")) and time.monotonic() < until:
            time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.communicate(timeout=60)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_steps_and_removes_the_folders(running: subprocess.Popen[bytes], tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end it, also when both were ignored at the start: no process of a step and no folder of it is left."""
    pid = int(next(tmp_path.glob("twin-rehearsal-*/run-0/*/work/small/pid")).read_text())
    running.send_signal(number)
    assert running.wait(timeout=60) == 128 + number
    assert not Path(f"/proc/{pid}").exists()
    assert not list(tmp_path.glob("twin-*"))


def test_inside_a_twin_the_rehearsal_joins_it(tmp_path: Path) -> None:
    """Runs are numbered within the twin, its indexes stay, and `--publisher none` registers nothing; a job knows the image that it asked for."""
    steps = "[{run: 'echo number $GITHUB_RUN_NUMBER on $ImageOS'}]"
    root = project(tmp_path / "p", f"on: workflow_dispatch\npermissions: {{}}\njobs: {{a: {{runs-on: ubuntu-22.04, steps: {steps}}}}}\n")
    with Twin.start() as twin:
        (tmp_path / "home").mkdir()
        env = {"PATH": os.environ["PATH"], **twin.environment(tmp_path / "home", tmp_path)}
        arguments = ("workflow_dispatch", "--workflow", "publish.yml", "--publisher", "none")
        first, second = (rehearse(root, *arguments, env=env) for _ in range(2))
        assert twin.perform("list-publishers", pending=True)["publishers"] == []
    assert ("number 1 on ubuntu22" in first.log, "number 2 on ubuntu22" in second.log) == (True, True)
    assert (first.status, second.document["run_number"]) == (0, "2")


def test_another_persons_repository_is_rehearsed_after_a_yes(tmp_path: Path) -> None:
    """What was cloned and holds no commit of this person runs only with a yes; one commit of theirs makes it their own."""
    root = project(tmp_path / "p", ONE_STEP)
    assert stranger(root) == ""
    commit(root, "git config user.email me@example.invalid; git remote add origin https://github.com/octo/small")
    assert stranger(root) == "it was cloned, and no commit in it is by me@example.invalid"
    refused, allowed = rehearse(root, "push", "--workflow", "publish.yml"), rehearse(root, "push", "--workflow", "publish.yml", "--yes")
    assert (refused.status, refused.document["error"]["id"], allowed.status) == (2, "not-yours", 0)
    commit(root, "GIT_AUTHOR_EMAIL=me@example.invalid git commit -q --allow-empty -m mine")
    assert stranger(root) == ""


def test_the_last_report_is_kept_beside_the_project(tmp_path: Path) -> None:
    """The site reads the last rehearsal from the folder that git ignores; it is the printed document, with its time."""
    root = project(tmp_path / "p", ONE_STEP)
    printed = rehearse(root, "push", "--workflow", "publish.yml").document
    kept = json.loads((root / ".pypi-runbook" / "rehearsal.json").read_text())
    assert kept.pop("finished")
    assert kept == printed
    assert kept["transcript"]
    assert (root / ".pypi-runbook" / ".gitignore").read_text() == "*\n"
