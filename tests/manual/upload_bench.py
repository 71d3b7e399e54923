"""A checkout whose files were built and checked, once; tests of uploads work on copies, each with indexes of its own."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from manual_bench import WHEEL, Bench
from stopping import IGNORING, PRODUCT

from pypi_runbook.twin import Twin

pytest_plugins = ["manual_bench"]

NAME, VERSION = "runbook-tiny", "1.0.0"
SENDING = f"Uploading {WHEEL}"
# No upload of the tiny project takes longer.
SECONDS = 120
UPLOAD_HOSTS = {"pypi": "upload.pypi.org", "testpypi": "test.pypi.org"}


@dataclass(frozen=True)
class Publisher(Bench):
    """Somebody whose `dist/` is ready to be uploaded."""

    def upload(self, index: str, *options: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run `upload INDEX` with a right token, unless SETTINGS hold another one."""
        return self.run("upload", index, *options, **{**self.token(index), **settings})

    def built(self) -> dict[str, str]:
        """Return the sha256 of each file in `dist/`, by name."""
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in self.dist.iterdir()}

    def has(self, index: str) -> dict[str, str]:
        """Return the sha256 of each file that INDEX holds, by name."""
        return {file.filename: file.sha256 for file in self.twin.files(index, NAME)}

    def record(self) -> list[dict[str, Any]]:
        """Return the entries of the local record, oldest first."""
        return [json.loads(line) for line in (self.root / ".pypi-runbook" / "record.jsonl").read_text().splitlines()]

    def sends(self) -> list[str]:
        """Return the path of every upload that reached the twin, one for each attempt to send a file."""
        return [request.host for request in self.twin.requests if request.method == "POST" and request.path == "/legacy/"]

    def start(self, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        """Start `pypi-runbook ARGUMENTS` as a script's background job, and do not wait; both streams come together."""
        command = self.twin.wrap([*IGNORING, *PRODUCT, *arguments])
        pipe, env = subprocess.PIPE, {**self.env, **settings}
        # nohup lets this process ignore SIGHUP. What is started while there is a handler gets the default.
        before = signal.signal(signal.SIGHUP, signal.default_int_handler)
        try:
            return subprocess.Popen(command, cwd=self.root, env=env, stdin=subprocess.DEVNULL, stdout=pipe, stderr=subprocess.STDOUT, text=True)
        finally:
            signal.signal(signal.SIGHUP, before)


@pytest.fixture(name="checked", scope="session")
def _checked(builder: Bench, built: Path) -> Path:
    """Return the builder's checkout after a check that passed."""
    done = builder.run("check")
    assert done.returncode == 0, done.stderr
    return built.parent


@pytest.fixture(name="publisher")
def _publisher(checked: Path, tmp_path: Path) -> Iterator[Publisher]:
    """Give a copy of the checked checkout, with a twin of its own."""
    with publishing(checked, tmp_path) as publisher:
        yield publisher


@contextmanager
def publishing(checked: Path, folder: Path, state: Path | None = None) -> Iterator[Publisher]:
    """Give a copy of CHECKED in FOLDER with a twin around it; STATE is the twin's folder, a temporary one unless given."""
    shutil.copytree(checked, folder / "checkout")
    for name in ("home", "tmp"):
        (folder / name).mkdir()
    with Twin.start(state) as twin:
        path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
        yield Publisher(folder / "checkout", twin, {**twin.environment(folder / "home", folder / "tmp"), "PATH": path})


@pytest.fixture(name="desks")
def _desks(checked: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Any]:
    """Return what gives one publisher after another, for a test that needs more than one world."""
    return lambda: publishing(checked, tmp_path_factory.mktemp("desk"))


def complete(publisher: Publisher, index: str) -> subprocess.CompletedProcess[str]:
    """Run the path again without any fault; the index then holds exactly what was built."""
    publisher.twin.clear()
    done = publisher.upload(index, "--yes")
    assert done.returncode == 0, done.stderr
    assert publisher.has(index) == publisher.built()
    return done


def settle(publisher: Publisher, index: str) -> None:
    """Wait for a twine that outlived its parent: until its end it keeps the turn."""
    for _ in range(100):
        done = publisher.run("upload", index, typed="\n", TWINE_PASSWORD="x")
        if "another upload from this folder is running" not in done.stderr:
            return
        time.sleep(0.1)
    raise AssertionError(done.stderr)


def stopped(publisher: Publisher, index: str, number: signal.Signals) -> str:
    """Start an upload, stop it by a signal while it sends the first file, and return what it said.

    The index answers only afterwards: any shorter time can be over before a busy machine lets this process send the signal.
    """
    slow = publisher.twin.fault("slow", seconds=SECONDS, only="uploads")
    child = publisher.start("upload", index, "--yes", **publisher.token(index))
    said = read_until_sending(child)
    limit = time.monotonic() + SECONDS
    # twine names the file before it connects. Killed there, it would wait for a network that ended with its parent.
    while not slow.met and time.monotonic() < limit:
        time.sleep(0.02)
    child.send_signal(number)
    said += child.communicate(timeout=SECONDS)[0]
    publisher.twin.clear()
    return said


def read_until_sending(child: subprocess.Popen[str]) -> str:
    """Return what CHILD said before the line that names the first file."""
    assert child.stdout
    said = ""
    while SENDING not in (line := child.stdout.readline()):
        assert line, said
        said += line
    return said
