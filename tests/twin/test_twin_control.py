"""The way from inside a twin to that twin: `pretend`, joining, and who may not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from pypi_runbook.errors import RunbookError
from pypi_runbook.twin import Twin, remote

if TYPE_CHECKING:
    from people import Person

pytest_plugins = ["people"]
INDEX = "https://pypi.org/simple/"


@pytest.mark.parametrize("enclosed", [True, False])
def test_pretend_changes_the_twin_around_it(person: Person, enclosed: bool) -> None:
    """A fault that is asked for inside a twin meets the next request, in the namespace and outside of it."""
    status = f"curl --silent --output answer --write-out '%{{http_code}} ' {INDEX}"
    done = person.run("sh", "-c", f"pypi-runbook pretend fault outage --requests 1 && {status} && {status}", enclosed=enclosed)
    assert done.stdout == "outage is on\n503 200 "


def test_pretend_moves_the_clock(person: Person) -> None:
    """`pretend clock` says what the indexes' clock now says, and explains how an offset is written."""
    moved = person.run("pypi-runbook", "pretend", "clock", "+15d")
    assert f"{datetime.now(UTC) + timedelta(days=15):%Y-%m-%d}" in moved.stdout
    unclear = person.run("pypi-runbook", "pretend", "clock", "15d")
    assert unclear.returncode == 2
    assert "write it as a sign" in unclear.stdout
    assert person.run("pypi-runbook", "pretend", "clock", "now").returncode == 0


def test_a_twin_inside_a_twin_is_joined(person: Person) -> None:
    """`twin -- COMMAND` inside a twin runs COMMAND there, gives its status, and says what happened since."""
    person.run("pypi-runbook", "pretend", "fault", "outage", "--requests", "1")
    done = person.run("pypi-runbook", "twin", "--", "sh", "-c", f"curl --silent --output answer {INDEX}; exit 7")
    assert (done.returncode, done.stdout) == (7, f"twin: failed: GET {INDEX}: 503 Service Unavailable\n")
    assert person.run("pypi-runbook", "twin", "--offline", "--", "true").returncode == 125


def test_without_a_twin_there_is_nothing_to_pretend() -> None:
    """Outside a twin, `pretend` says how to start one, and changes nothing."""
    environment = {name: value for name, value in os.environ.items() if name != remote.VARIABLE}
    done = subprocess.run([sys.executable, "-m", "pypi_runbook", "pretend", "clear"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "there is no twin around this terminal" in done.stderr
    assert "pypi-runbook twin -- bash" in done.stderr


@pytest.mark.parametrize(
    ("path", "body", "status"), [("clear", "{}", 403), ("fault", "[]", 400), ("fault", "{}", 400), ("none", "{}", 422), ("clock", "x", 400)]
)
def test_bad_requests_to_the_control_are_refused(twin: Twin, person: Person, path: str, body: str, status: int) -> None:
    """Who lacks the secret, or sends something else than an action with its arguments, is told so."""
    address = person.twin.environment(person.folder, person.folder)[remote.VARIABLE]
    address = address if status != 403 else f"{twin.proxy}/control/guessed"
    done = person.run("curl", "--silent", "--write-out", "\n%{http_code}", "--data", body, f"{address}/{path}")
    content, _, code = done.stdout.rpartition("\n")
    assert int(code) == status
    assert json.loads(content)["error"]["message"]


def test_a_twin_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal whose twin has ended is told to start it again."""
    with Twin.start() as twin:
        monkeypatch.setenv(remote.VARIABLE, f"{twin.proxy}/control/secret")
    with pytest.raises(RunbookError, match="does not answer"):
        remote.ask("clear")
