"""A twin that is killed at any moment of an upload holds the file whole, or not at all, when it is started again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from wire import Door, TwinProcess, right_form

from pypi_runbook.rules.sample import make_sdist, make_wheel, metadata
from pypi_runbook.twin import Twin

# What moves a file into place and records it: each of its lines is a moment at which the twin may be killed.
KEEPING = "Store.add"
SAMPLES = 12


class Scene:
    """A state with an sdist in it, of which each test gets a copy, and the wheel that is on its way when the twin is killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sdist = make_sdist(folder, "x")
        self.wheel = make_wheel(folder, "x", files={"data.txt": os.urandom(100_000).hex()})
        with Twin.start(folder / "before") as twin:
            assert Door.of(twin).post(right_form(self.sdist)) == b"HTTP/1.1 200 OK"

    def state(self, name: object) -> Path:
        """Return a fresh copy of the state."""
        return Path(shutil.copytree(self.folder / "before", Path(tempfile.mkdtemp(dir=self.folder)) / f"at-{name}"))

    def check(self, state: Path) -> bool:
        """Start a twin on STATE, check all that it serves and keeps, upload the wheel again; tell whether it was there before."""
        with Twin.start(state) as twin:
            door = Door.of(twin)
            there = self.is_whole(door, state)
            assert door.post(right_form(self.wheel)) == b"HTTP/1.1 200 OK"
            assert self.is_whole(door, state)
        shutil.rmtree(state)
        return there

    def is_whole(self, door: Door, state: Path) -> bool:
        """Tell whether the wheel is there with all that belongs to it; fail when it is there in part, or the sdist is not."""
        with door.reader() as read:
            listed = {file["filename"]: file for file in json.loads(read("pypi.org", "/simple/x/")[1])["files"]}
            there = self.wheel.name in listed
            assert set(listed) == {self.sdist.name, *([self.wheel.name] if there else [])}
            for path in (self.sdist, self.wheel):
                status, content = read("files.pythonhosted.org", address(path))
                assert (status, content == path.read_bytes()) == ((200, True) if path.name in listed else (404, False))
            status, content = read("files.pythonhosted.org", f"{address(self.wheel)}.metadata")
            assert (status, content == metadata("x", "1.0").encode()) == ((200, True) if there else (404, False))
            releases = json.loads(read("pypi.org", "/pypi/x/1.0/json")[1])
            assert {file["filename"] for file in releases["urls"]} == set(listed)
        kept = {path.name for path in state.rglob("*") if path.is_file() and not path.name.startswith("twin.sqlite")}
        assert kept == {self.sdist.name, *([self.wheel.name, f"{self.wheel.name}.metadata"] if there else [])}
        return there


def address(path: Path) -> str:
    """Return where PyPI's file host serves the file."""
    digest = hashlib.blake2b(path.read_bytes(), digest_size=32).hexdigest()
    return f"/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{path.name}"


class Stepper:
    """A process that uploads the scene's wheel and is killed at a line: of the method WITHIN and what it calls, or of the twin."""

    def __init__(self, scene: Scene, within: str = "") -> None:
        command = [sys.executable, str(Path(__file__).with_name("stepper.py")), within, str(scene.wheel)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def upload(self, state: Path, last: int) -> str:
        """Upload into STATE; return `killed` when that happened at the line LAST, or how many lines there were."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{state} {last}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=60)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Make the state that all tests here start from."""
    return Scene(tmp_path_factory.mktemp("scene"))


@pytest.fixture
def stepper(scene: Scene, request: pytest.FixtureRequest) -> Iterator[Stepper]:
    """Start a stepper for the method that the test asks for."""
    running = Stepper(scene, getattr(request, "param", ""))
    yield running
    running.close()


@pytest.mark.parametrize("stepper", [KEEPING], indirect=True)
def test_killed_at_every_line_that_keeps_a_file(scene: Scene, stepper: Stepper) -> None:
    """At whatever line of the store the twin is killed, the file is there whole or not at all; both happen."""
    seen, line = [], 1
    while stepper.upload(state := scene.state(line), line) == "killed":
        seen.append(scene.check(state))
        line += 1

    assert len(seen) > 20
    assert seen == sorted(seen), "once there, a file stays there"
    assert set(seen) == {True, False}


def test_killed_at_lines_all_over_an_upload(scene: Scene, stepper: Stepper) -> None:
    """The same at lines of the whole way of an upload, from its first byte to its answer."""
    lines = int(stepper.upload(scene.state("whole"), 0))
    points = [1 + number * (lines - 1) // (SAMPLES - 1) for number in range(SAMPLES)]
    states = [(scene.state(point), point) for point in points]

    for state, point in states:
        assert stepper.upload(state, point) in ("killed", str(lines)) or point > lines - 5
        scene.check(state)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.9999, 1.0])
def test_killed_after_a_part_was_sent(scene: Scene, share: float) -> None:
    """The real command, killed after some bytes of the upload, keeps nothing of it; after the last one, all or nothing."""
    body = right_form(scene.wheel)
    state = scene.state(f"part-{share}")
    twin = TwinProcess("--state", str(state))
    with twin.door.connect() as secure:
        secure.sendall((twin.door.upload_head(len(body)) + body)[: int(share * len(body)) if share < 1 else None])
        # Long enough for the twin to read what was sent, in the middle of what it then does.
        time.sleep(0.02)
        twin.end(signal.SIGKILL)

    assert not scene.check(state) or share == 1


def test_folder_of_a_killed_twin_goes_with_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed twin's temporary folders are removed by the next one, a living twin's are not."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    killed, living = (TwinProcess(TMPDIR=str(tmp_path)) for _ in range(2))
    left = set(tmp_path.glob("twin-*"))
    killed.end(signal.SIGKILL)
    with Twin.start():
        after = set(tmp_path.glob("twin-*"))
        assert living.door.get("pypi.org", "/")[0] == 200
    with living:
        pass

    assert len(left) == 4
    assert len(after & left) == 2
    assert list(tmp_path.glob("twin-*")) == []
