"""Many clients at once: what they leave behind is exactly what PyPI would hold, whoever came first."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from wire import JSON, Door, right_form

from pypi_runbook.rules.sample import make_sdist, make_wheel
from pypi_runbook.twin import Twin

CLIENTS = 8
# Each may make a project, and PyPI allows an account twenty new ones an hour, which the tests here share.
RACERS = 4
OK = b"HTTP/1.1 200 OK"


@pytest.fixture(scope="module")
def twin() -> Iterator[Twin]:
    """A twin for the tests here."""
    with Twin.start() as running:
        yield running


def at_once(twin: Twin, bodies: list[bytes]) -> list[bytes]:
    """Upload BODIES at the same moment; return the answers' status lines in the same order."""
    door, start = Door.of(twin), threading.Barrier(len(bodies))

    def upload(body: bytes) -> bytes:
        data = door.upload_head(len(body)) + body
        with door.connect() as secure:
            # All but the last byte is there already: what remains is the race.
            secure.sendall(data[:-1])
            start.wait(20)
            secure.sendall(data[-1:])
            return secure.recv(65536).split(b"\r\n")[0]

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(upload, bodies))


def there_before(twin: Twin, folder: Path, name: str) -> str:
    """Upload an older release of NAME, so that the project is there; return that file's name."""
    wheel = make_wheel(folder, name, "0.9")
    assert Door.of(twin).post(right_form(wheel)) == OK
    return wheel.name


def listed(twin: Twin, project: str) -> list[str]:
    """Return the files that the simple index lists, sorted."""
    status, body = Door.of(twin).get("pypi.org", f"/simple/{project}/", JSON)
    assert status == 200
    return sorted(file["filename"] for file in json.loads(body)["files"])


def test_same_file_from_many(twin: Twin, tmp_path: Path) -> None:
    """Everybody who sends the very same file is told that it is there, and it is there once."""
    before, wheel = there_before(twin, tmp_path, "same"), make_wheel(tmp_path, "same")

    assert at_once(twin, [right_form(wheel)] * CLIENTS) == [OK] * CLIENTS
    assert [file.filename for file in twin.files("pypi", "same")] == [before, wheel.name]
    assert listed(twin, "same") == [before, wheel.name]


def test_other_bytes_under_one_name(twin: Twin, tmp_path: Path) -> None:
    """Of different files of one name the first one counts; all others are refused in PyPI's words and change nothing."""
    there_before(twin, tmp_path, "rivals")
    bodies = []
    for number in range(CLIENTS):
        (tmp_path / str(number)).mkdir()
        bodies.append(right_form(make_wheel(tmp_path / str(number), "rivals", files={"data.txt": str(number)})))
    answers = at_once(twin, bodies)

    winner = answers.index(OK)
    assert sum(answer == OK for answer in answers) == 1
    assert sum(answer.startswith(b"HTTP/1.1 400 File already exists") for answer in answers) == CLIENTS - 1
    _, file = twin.files("pypi", "rivals")
    assert twin.content(file) in bodies[winner]


def test_wheel_and_sdist_of_a_new_release(twin: Twin, tmp_path: Path) -> None:
    """Wheel and sdist of a release that is not there yet arrive at once and make one release with both files."""
    before = there_before(twin, tmp_path, "pair")
    files = [make_wheel(tmp_path, "pair"), make_sdist(tmp_path, "pair")]

    assert at_once(twin, [right_form(path) for path in files]) == [OK, OK]
    assert listed(twin, "pair") == sorted([before, *(path.name for path in files)])
    assert json.loads(Door.of(twin).get("pypi.org", "/pypi/pair/json")[1])["releases"].keys() == {"0.9", "1.0"}


def test_same_new_project_from_many(twin: Twin, tmp_path: Path) -> None:
    """Who makes a project while somebody else makes it gets PyPI's 409, or finds it there; it is made once, with all that was taken."""
    wheels = [make_wheel(tmp_path, "raced", f"1.{number}") for number in range(RACERS)]
    answers = at_once(twin, [right_form(wheel) for wheel in wheels])

    taken = [wheel.name for wheel, answer in zip(wheels, answers, strict=True) if answer == OK]
    assert taken
    assert all(answer == OK or answer.startswith(b"HTTP/1.1 409 The name 'raced' conflicts with an existing project") for answer in answers)
    assert listed(twin, "raced") == sorted(taken)


def test_different_projects(twin: Twin, tmp_path: Path) -> None:
    """Uploads of different projects do not disturb each other."""
    wheels = [make_wheel(tmp_path, f"project-{number}") for number in range(CLIENTS)]

    assert at_once(twin, [right_form(wheel) for wheel in wheels]) == [OK] * CLIENTS
    for number, wheel in enumerate(wheels):
        assert listed(twin, f"project-{number}") == [wheel.name]
        assert twin.content(twin.files("pypi", f"project-{number}")[0]) == wheel.read_bytes()


def test_two_sdists_of_one_release(twin: Twin, tmp_path: Path) -> None:
    """Of two sdists of one release, spelled differently, one is taken."""
    there_before(twin, tmp_path, "sdists")
    first = make_sdist(tmp_path, "sdists", "1.0")
    second = make_sdist(tmp_path, "sdists", "1.0", filename="sdists-1.0.zip", files={"more": ""})
    answers = at_once(twin, [right_form(first), right_form(second).replace(b"sdists-1.0.zip", b"sdists-1.0.0.tar.gz")])

    assert sum(answer == OK for answer in answers) == 1
    assert len(twin.files("pypi", "sdists")) == 2
