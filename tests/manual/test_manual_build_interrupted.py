"""`build` that is killed, interrupted, out of room or started twice: nothing half-made can be uploaded, and the same command works again."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from build_bench import bytes_of, git, manifest, record
from manual_bench import Bench
from stopping import IGNORING, PRODUCT, SECONDS

pytest_plugins = ["manual_bench", "build_bench"]

# What a build has said when it begins its next step.
STEPS = ["$ git clone", "* Building wheel", "Successfully built"]


def begin(bench: Bench, **settings: str) -> subprocess.Popen[str]:
    """Start a build with the words on a pipe, as the leader of a group of its own, as a script does: with SIGINT ignored."""
    command = bench.twin.wrap([*IGNORING, *PRODUCT, "build"])
    env = {**bench.env, **settings}
    return subprocess.Popen(command, cwd=bench.root, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True)


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """Return what PROCESS said up to the line with WORDS."""
    said = ""
    assert process.stderr
    while words not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    return said


def whole(bench: Bench, built: Path) -> None:
    """Hold that what could be uploaded now is nothing, or exactly what was built."""
    assert not bench.dist.exists() or bytes_of(bench.dist) == bytes_of(built)
    if (bench.root / ".pypi-runbook" / "manifest.json").exists():
        assert {file["filename"] for file in manifest(bench)["files"]} == bytes_of(bench.dist).keys()


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step(done: Bench, built: Path, step: str) -> None:
    """After SIGKILL nothing half-made lies in dist/, and the next build succeeds and sweeps what the first one left."""
    process = begin(done)
    read_until(process, step)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=SECONDS)
    whole(done, built)
    status = git(done.root, "status", "--porcelain"), git(done.root, "worktree", "list").count("\n")
    assert status == ("", 0), "git's own state is as it was"
    again = done.run("build")
    assert again.returncode == 0, again.stderr
    assert bytes_of(done.dist) == bytes_of(built)
    assert not list(Path(done.env["TMPDIR"]).glob("pypi-runbook-*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_person_who_stops_it_is_told_how_to_go_on(quick: Bench, built: Path, number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM, also when both were ignored at the start, end with words, the shell's status, an entry in the record, and no leftover."""
    process = begin(quick)
    said = read_until(process, "* Building wheel")
    process.send_signal(number)
    said += process.communicate(timeout=SECONDS)[1]
    assert process.returncode == 128 + number
    assert "Traceback" not in said
    assert f"interrupted by {number.name}" in said
    assert "build again" in said
    assert [entry["result"] for entry in record(quick)] == ["interrupted"]
    whole(quick, built)
    assert not list(Path(quick.env["TMPDIR"]).glob("pypi-runbook-*"))
    assert quick.run("build").returncode == 0


def test_two_at_once_take_turns(quick: Bench, built: Path) -> None:
    """A second build waits for the first one, says so, and both end well."""
    first = begin(quick)
    words = read_until(first, "* Building wheel")
    second = begin(quick)
    words += read_until(second, "waiting until it has ended") + first.communicate(timeout=SECONDS)[1] + second.communicate(timeout=SECONDS)[1]
    assert (first.returncode, second.returncode) == (0, 0), words
    assert words.count("waiting until it has ended") == 1
    assert bytes_of(quick.dist) == bytes_of(built)
    assert len(list(quick.root.glob(".pypi-runbook/dist-*"))) == 1


def test_a_full_disk_is_said_in_words(quick: Bench) -> None:
    """Without room for the files there is no dist/ and no manifest, and the next step is to make room."""
    limited = ["sh", "-c", 'ulimit -f 1; exec "$@"', "sh", *PRODUCT, "build"]
    done = subprocess.run(quick.twin.wrap(limited), cwd=quick.root, env=quick.env, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "  next: " in done.stderr
    assert not quick.dist.exists()
    assert not (quick.root / ".pypi-runbook" / "manifest.json").exists()
