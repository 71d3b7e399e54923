"""What real clients do when an index fails: who tries again, who does not, and what they say."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pypi_runbook.rules.sample import make_wheel
from pypi_runbook.twin import Twin

if TYPE_CHECKING:
    from people import Person

pytest_plugins = ["people"]

URL = "https://test.pypi.org/legacy/"
PIP = ("pip", "download", "--no-cache-dir", "--no-deps", "--retries", "1", "--index-url", "https://test.pypi.org/simple/")


@pytest.fixture(autouse=True)
def cleared(twin: Twin) -> Iterator[None]:
    """Every test starts and ends without a fault."""
    yield
    twin.clear()


@pytest.fixture
def uv(person: Person, client: Callable[[str], Path]) -> Person:
    """Somebody who has uv."""
    return dataclasses.replace(person, commands=(client("uv"), *person.commands))


def statuses(twin: Twin, since: int) -> list[int]:
    """Return how the requests from number SINCE on were answered."""
    return [request.status for request in twin.requests[since:]]


def test_twine_tries_five_times(twin: Twin, person: Person, tmp_path: Path) -> None:
    """twine sends the file five times during an outage, says so, and nothing is kept."""
    twin.fault("outage")
    done = person.upload("testpypi", make_wheel(tmp_path, "five-times"))

    assert (done.returncode, statuses(twin, 0)) == (1, [503] * 5)
    assert "Retry 5 of 5" in done.stdout
    assert "HTTPError: 503 Service Unavailable" in done.stdout
    assert not twin.files("testpypi", "five-times")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("outage:status=502", "Server returned status code 502 Bad Gateway. Server says: 502 Bad Gateway"),
        ("too-many-requests", "Server returned status code 429 Too Many Requests"),
        ("read-only", "Server says: 403 Read-only mode: Uploads are temporarily disabled."),
        ("bad-certificate", "invalid peer certificate: UnknownIssuer"),
    ],
)
def test_uv_tries_once(twin: Twin, uv: Person, tmp_path: Path, fault: str, words: str) -> None:
    """uv gives up at the first answer that is an error, and prints the index's words."""
    before = len(twin.requests)
    twin.fault(fault)
    done = uv.run("uv", "publish", "--publish-url", URL, str(make_wheel(tmp_path, "once")), UV_PUBLISH_TOKEN=twin.token("testpypi"))

    assert done.returncode == 2
    assert words in done.stdout
    assert len(statuses(twin, before)) <= 1


def test_uv_after_a_lost_answer(twin: Twin, uv: Person, tmp_path: Path) -> None:
    """uv tries again after a broken connection; when that fails too, the same upload a moment later is accepted."""
    wheel = str(make_wheel(tmp_path, "lost-by-uv"))
    twin.fault("lost-answer")
    lost = uv.run("uv", "publish", "--publish-url", URL, wheel, UV_PUBLISH_TOKEN=twin.token("testpypi"), UV_HTTP_RETRIES="1")
    twin.clear()
    again = uv.run("uv", "publish", "--publish-url", URL, wheel, UV_PUBLISH_TOKEN=twin.token("testpypi"))

    assert (lost.returncode, again.returncode) == (2, 0)
    assert "Failed to send POST request" in lost.stdout
    assert len(twin.files("testpypi", "lost-by-uv")) == 1


def test_pip_takes_an_outage_for_a_missing_version(twin: Twin, person: Person, tmp_path: Path) -> None:
    """pip survives one 503 or 429; during an outage it says the same as when a version does not exist."""
    assert person.upload("testpypi", make_wheel(tmp_path, "for-pip")).returncode == 0

    for fault, status, answers in (("outage:requests=1", 0, [503, 200]), ("too-many-requests:requests=1", 0, [429, 200]), ("outage", 1, [503, 503])):
        before = len(twin.requests)
        twin.fault(fault)
        done = person.run(*PIP, "for-pip")
        twin.clear()
        assert (done.returncode, statuses(twin, before)[:2]) == (status, answers), done.stdout
    assert "No matching distribution found for for-pip" in done.stdout
