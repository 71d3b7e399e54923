"""Uploads that are stopped: by Ctrl-C, a signal, SIGKILL, a full disk, another upload; each is named, recorded, and completed by the next."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pexpect
import pytest
from manual_bench import WHEEL
from upload_bench import SECONDS, Publisher, complete, read_until_sending, settle, stopped

pytest_plugins = ["upload_bench"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_an_interrupted_upload_says_what_arrived(publisher: Publisher, number: signal.Signals) -> None:
    """A stop and a closed terminal end twine, then say what the index has, and are recorded with it."""
    said = stopped(publisher, "testpypi", number)
    assert f"error: interrupted by {number.name}: TestPyPI has" in said
    assert "TestPyPI has now:" in said
    assert "Traceback" not in said
    entry = publisher.record()[-1]
    assert (entry["result"], entry["index"]) == ("interrupted", "testpypi")
    assert "TestPyPI has" in entry["reason"]
    complete(publisher, "testpypi")


@pytest.mark.parametrize("command", [["check"], ["verify", "testpypi"]], ids=["check", "verify"])
def test_sigterm_ends_what_waits_for_an_index(publisher: Publisher, command: list[str]) -> None:
    """A check and a verification that an index keeps waiting end on SIGTERM, are recorded, and leave no folder."""
    publisher.twin.fault("slow", seconds=SECONDS, only="reads")
    connections, limit = publisher.twin.connections, time.monotonic() + SECONDS
    child = publisher.start(*command)
    while publisher.twin.connections == connections and time.monotonic() < limit:
        time.sleep(0.05)
    child.send_signal(signal.SIGTERM)
    said = child.communicate(timeout=SECONDS)[0]
    assert child.returncode == 128 + signal.SIGTERM, said
    assert "Traceback" not in said
    assert publisher.record()[-1]["result"] == "interrupted"
    assert not list(Path(publisher.env["TMPDIR"]).glob("pypi-runbook-*"))


def test_ctrl_c_at_a_terminal(publisher: Publisher) -> None:
    """At a terminal Ctrl-C reaches twine too; its traceback is nobody's business, the cursor comes back, and the status is the shell's."""
    publisher.twin.fault("slow", seconds=1, only="uploads")
    argv = publisher.twin.wrap([sys.executable, "-m", "pypi_runbook", "upload", "testpypi"])
    environment = {**publisher.env, **publisher.token("testpypi"), "TERM": "xterm"}
    child = pexpect.spawn(argv[0], argv[1:], cwd=str(publisher.root), env=environment, encoding="utf-8", timeout=60, dimensions=(50, 200))
    child.expect(f"Uploading {WHEEL}")
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    shown = str(child.before)
    assert "interrupted by SIGINT: TestPyPI has" in shown
    assert shown.rfind("\x1b[?25h") > shown.rfind("\x1b[?25l"), "the terminal has no cursor"
    assert "Traceback" not in str(child.before)
    assert child.exitstatus == 130
    complete(publisher, "testpypi")


def test_ctrl_c_before_anything_is_sent(publisher: Publisher) -> None:
    """At the question for the version nothing was sent, and that is what is said and recorded."""
    argv = publisher.twin.wrap([sys.executable, "-m", "pypi_runbook", "upload", "pypi"])
    child = pexpect.spawn(argv[0], argv[1:], cwd=str(publisher.root), env={**publisher.env, **publisher.token("pypi")}, encoding="utf-8", timeout=60)
    child.expect("Type the version")
    child.sendintr()
    child.expect("interrupted by SIGINT: nothing was sent")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    assert publisher.record()[-1]["result"] == "interrupted"
    assert not publisher.posts()


def test_a_killed_upload_is_told_of_by_the_next(publisher: Publisher) -> None:
    """SIGKILL leaves no words; the next upload finds that out, records it, and completes the release."""
    stopped(publisher, "testpypi", signal.SIGKILL)
    settle(publisher, "testpypi")
    said = [entry for entry in publisher.record() if "killed, or the machine stopped" in entry["reason"]]
    assert [(entry["result"], entry["index"], entry["files"]) for entry in said] == [("interrupted", "testpypi", publisher.built())]
    complete(publisher, "testpypi")


def test_two_uploads_at_once(publisher: Publisher) -> None:
    """The second one sends nothing and says who is at it; the first one ends as if alone."""
    publisher.twin.fault("slow", seconds=SECONDS, only="uploads")
    first = publisher.start("upload", "testpypi", **publisher.token("testpypi"))
    read_until_sending(first)
    second = publisher.upload("testpypi")
    assert second.returncode == 2
    assert "another upload from this folder is running (process" in second.stderr
    publisher.twin.clear()
    first.communicate(timeout=SECONDS)
    assert first.returncode == 0
    assert len(publisher.sends()) == 2
    assert publisher.has("testpypi") == publisher.built()


def limited(publisher: Publisher, kilobytes: int) -> subprocess.CompletedProcess[str]:
    """Run an upload that can make no file larger than KILOBYTES, as on a disk that is full."""
    command = shlex.join([sys.executable, "-m", "pypi_runbook", "upload", "testpypi"])
    argv = publisher.twin.wrap(["bash", "-c", f"ulimit -f {kilobytes}; exec {command}"])
    environment = {**publisher.env, **publisher.token("testpypi")}
    return subprocess.run(argv, cwd=publisher.root, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def test_a_full_disk(publisher: Publisher) -> None:
    """What cannot be recorded is not begun; what was sent when the disk filled up is said all the same."""
    refused = limited(publisher, 0)
    assert refused.returncode == 2
    assert "nothing was sent: .pypi-runbook/ cannot be written" in refused.stderr
    assert not publisher.posts()
    with (publisher.root / ".pypi-runbook" / "record.jsonl").open("a") as record:
        record.write("\n" * 2000)
    done = limited(publisher, 1)
    assert done.returncode == 0, done.stderr
    assert "this run could not be written to .pypi-runbook/record.jsonl" in done.stderr
    assert publisher.has("testpypi") == publisher.built()
