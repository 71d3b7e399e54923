"""`pypi-runbook twin` that is asked to end: it does, with the status for the signal, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pexpect
import pytest
from stopping import IGNORING, PRODUCT, left, started, stop

TWIN = [*PRODUCT, "twin"]
# A time to sleep that is this process's own.
SLEEP = f"sleep {2_000_000 + os.getpid()}"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("script", [None, f"{SLEEP} & echo go; {SLEEP}; true"], ids=["alone", "command"])
def test_a_signal_ends_it(tmp_path: Path, number: signal.Signals, script: str | None) -> None:
    """SIGINT and SIGTERM end the twin, its command and the command's children, also when it was started with both ignored."""
    command = ["--", "sh", "-c", script] if script else []
    with started([*IGNORING, *TWIN, *command], env={**os.environ, "TMPDIR": str(tmp_path)}) as twin:
        assert twin.stdout
        assert twin.stdout.readline()
        status, words = stop(twin, number)
    assert status == 128 + number, words
    assert "layers that held" in words
    assert "Traceback" not in words
    assert left(tmp_path, SLEEP) == []


def test_a_command_that_ignores_signals_is_killed(tmp_path: Path) -> None:
    """A command that does not end by itself gets a few seconds, then SIGKILL."""
    script = f"trap '' INT TERM; echo go; {SLEEP}; true"
    with started([*TWIN, "--", "sh", "-c", script], env={**os.environ, "TMPDIR": str(tmp_path)}) as twin:
        assert twin.stdout
        assert twin.stdout.readline() == "go\n"
        status, words = stop(twin, signal.SIGTERM)
    assert status == 128 + signal.SIGKILL, words
    assert left(tmp_path, SLEEP) == []


def test_a_signal_that_comes_twice_does_not_disturb_the_cleanup(tmp_path: Path) -> None:
    """timeout(1) sends SIGTERM to its child and once more to the whole group, and Ctrl-C may come on top."""
    with started(TWIN, env={**os.environ, "TMPDIR": str(tmp_path)}) as twin:
        assert twin.stdout
        assert twin.stdout.readline()
        status, words = stop(twin, signal.SIGTERM, signal.SIGTERM)
    assert status == 128 + signal.SIGTERM, words
    assert left(tmp_path, SLEEP) == []


def test_ctrl_c_at_a_terminal_reaches_the_command_once(tmp_path: Path) -> None:
    """The terminal has sent Ctrl-C to the command already, so the twin does not; it ends when the command does."""
    script = f"trap 'echo caught; kill $!; exit 3' INT; {SLEEP} & echo ready; wait"
    arguments = [*TWIN[1:], "--", "sh", "-c", script]
    child = pexpect.spawn(TWIN[0], arguments, env={**os.environ, "TMPDIR": str(tmp_path)}, encoding="utf-8", timeout=60)
    child.expect("ready")
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert str(child.before).count("caught") == 1
    assert child.exitstatus == 3
    assert left(tmp_path, SLEEP) == []


def test_nohup_keeps_it_from_ending_with_its_terminal(tmp_path: Path) -> None:
    """SIGHUP that was ignored from the start stays ignored; that is what nohup is for."""
    nohup = ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"]
    with started([*nohup, *TWIN], env={**os.environ, "TMPDIR": str(tmp_path)}) as twin:
        assert twin.stdout
        assert twin.stdout.readline()
        status, _ = stop(twin, signal.SIGHUP, signal.SIGTERM)
    assert status == 128 + signal.SIGTERM
