"""The suite itself, started in the background of a script: its children get Ctrl-C and the other signals as always."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TEST = """
import signal, subprocess, sys

def test_child():
    child = subprocess.Popen(["sleep", "20"])
    child.send_signal(signal.SIGINT)
    assert child.wait(10) == -signal.SIGINT
"""
HANGS = """
import pytest, threading, time

@pytest.fixture
def stuck():
    yield
    threading.Event().wait()

@pytest.mark.timeout(1)
def test_hangs():
    threading.Thread(target=time.sleep, args=(60,), name="another", daemon=True).start()
    threading.Event().wait()

@pytest.mark.timeout(1)
def test_fixture_hangs(stuck):
    pass

def test_goes_on():
    pass
"""


def run(folder: Path, test: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run TEST with our plugin in a pytest that was started with SIGINT, SIGQUIT and SIGTERM ignored."""
    (folder / "conftest.py").write_text('pytest_plugins = ["pypi_runbook.pages.pytest_plugin"]\n')
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_small.py").write_text(test)
    command = ["sh", "-c", "trap '' INT QUIT TERM; exec \"$@\"", "sh", sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("workers", ["0", "2"])
def test_children_do_not_inherit_ignored_signals(tmp_path: Path, workers: str) -> None:
    """What a test starts ends on SIGINT, with workers and without."""
    done = run(tmp_path, TEST, "-n", workers)
    assert done.returncode == 0, done.stdout


def test_a_test_that_hangs_fails_and_says_where(tmp_path: Path) -> None:
    """In a worker, a test and a fixture that wait forever fail with their line and the stacks of all threads; the rest runs."""
    done = run(tmp_path, HANGS, "-n", "1", "--timeout-method=signal")
    assert "1 failed, 2 passed, 1 error" in done.stdout, done.stdout
    assert done.stdout.count("threading.Event().wait()\n\ntest_small.py:") == 2
    assert done.stdout.count("Stack of another") == 2
