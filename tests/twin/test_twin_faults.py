"""The twin fails on purpose: by name, for some requests or until cleared, as clients would see PyPI fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pypi_runbook.errors import RunbookError
from pypi_runbook.rules.sample import make_wheel
from pypi_runbook.twin import Twin

if TYPE_CHECKING:
    from people import Person

pytest_plugins = ["people"]
pytestmark = pytest.mark.xdist_group("twin-faults")


@pytest.fixture(autouse=True)
def cleared(twin: Twin) -> Iterator[None]:
    """Every test starts and ends without a fault."""
    yield
    twin.clear()


def status(person: Person, url: str) -> str:
    """Return the status line's code of URL, `000` when the connection broke."""
    return person.run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{exitcode}", url, enclosed=False).stdout.splitlines()[-1]


def test_outage_lasts_for_its_requests(twin: Twin, person: Person) -> None:
    """An outage of two requests answers 503 twice, on its index only."""
    twin.fault("outage", requests=2, index="testpypi")

    answers = [status(person, url) for url in ("https://pypi.org/", *["https://test.pypi.org/"] * 3)]

    assert answers == ["200 0", "503 0", "503 0", "200 0"]


def test_outage_lasts_until_cleared(twin: Twin, person: Person) -> None:
    """Without a number an outage ends when it is cleared; twine retries and says so."""
    twin.fault("outage")
    assert status(person, "https://pypi.org/") == "503 0"
    twin.clear()

    assert status(person, "https://pypi.org/") == "200 0"


def test_twine_survives_a_short_outage(twin: Twin, person: Person, tmp_path: Path) -> None:
    """twine tries again after 503, and the file is there once."""
    twin.fault("outage", requests=1, index="pypi")

    done = person.upload("pypi", make_wheel(tmp_path, "short-outage"))

    assert 'Received "503: Service Unavailable"' in done.stdout
    assert done.returncode == 0
    assert len(twin.files("pypi", "short-outage")) == 1


def test_too_many_requests_says_how_long(twin: Twin, person: Person) -> None:
    """A 429 has Retry-After."""
    twin.fault("too-many-requests", requests=1, seconds=7)

    done = person.run("curl", "-sS", "-D-", "https://pypi.org/", enclosed=False)

    assert "HTTP/1.1 429 Too Many Requests" in done.stdout
    assert "Retry-After: 7" in done.stdout


def test_read_only_refuses_uploads_only(twin: Twin, person: Person, tmp_path: Path) -> None:
    """In read-only mode uploads are refused in PyPI's words, and reading works."""
    twin.fault("read-only")

    done = person.upload("pypi", make_wheel(tmp_path, "read-only"))

    assert "Read-only mode: Uploads are temporarily disabled." in done.stdout
    assert status(person, "https://pypi.org/") == "200 0"


def test_cut_answer_breaks_the_connection(twin: Twin, person: Person, tmp_path: Path) -> None:
    """A cut answer promises more than it sends, also for files."""
    assert person.upload("pypi", make_wheel(tmp_path, "cut-answer")).returncode == 0
    url = f"https://files.pythonhosted.org/{twin.files('pypi', 'cut-answer')[0].path}"
    twin.fault("cut", requests=1, bytes=10)

    done = person.run("curl", "-sS", "-o", "part", "-w", "%{http_code} %{size_download}", url, enclosed=False)

    assert done.returncode != 0
    assert done.stdout.splitlines()[-1].startswith("200 10")


def test_cut_upload_leaves_nothing(twin: Twin, person: Person) -> None:
    """An upload that is cut off fails at the client, and the index does not know the file."""
    twin.fault("cut", requests=1, index="pypi", bytes=200)

    done = person.run("curl", "-sS", "-F", "content=@/bin/sh", "https://upload.pypi.org/legacy/", enclosed=False)

    assert done.returncode != 0
    assert twin.requests[-1].reason == "the connection was cut"
    assert status(person, "https://pypi.org/") == "200 0"


def test_lag_hides_a_new_file_for_a_while(twin: Twin, person: Person, tmp_path: Path) -> None:
    """A file that was accepted becomes visible later, on the simple index and in the JSON API alike."""
    twin.fault("lag", seconds=3600)
    assert person.upload("pypi", make_wheel(tmp_path, "lagging")).returncode == 0

    assert status(person, "https://pypi.org/simple/lagging/") == "404 0"
    assert status(person, "https://pypi.org/pypi/lagging/json") == "404 0"
    twin.clear()
    assert status(person, "https://pypi.org/simple/lagging/") == "200 0"


def test_slow_answers_come(twin: Twin, person: Person) -> None:
    """A slow answer waits, and then it is the right one."""
    twin.fault("slow", requests=1, seconds=0.4)

    done = person.run("curl", "-sS", "-o", "/dev/null", "-w", "%{time_total}", "https://pypi.org/", enclosed=False)

    assert float(done.stdout) >= 0.4


@pytest.mark.parametrize(("name", "index", "options"), [("nope", None, {}), ("slow", "nope", {}), ("slow", None, {"bytes": 1})])
def test_unknown_fault_is_an_error(twin: Twin, name: str, index: str | None, options: dict[str, float]) -> None:
    """A fault, an index or an option that does not exist is refused with those that do."""
    with pytest.raises(RunbookError, match=r"there is no|has no option"):
        twin.fault(name, None, index, **options)
