"""What is known to be broken outside the matrix is still so: each such client from its own lock, with the words that it prints."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import Desk
from people import CLIENTS as FOLDER

from pypi_runbook.twin import Twin

UPLOAD = "twine upload --non-interactive --disable-progress-bar dist/*"
CASES = [
    ("broken/old-twine", UPLOAD, [], "NonInteractive: Credential not found for API token."),
    ("broken/twine-with-old-id", UPLOAD, ["audience 200", "mint-token 422"], "`invalid-token`: malformed or invalid token"),
    ("broken/pdm", "pdm publish --no-build", [], "module 'hishel' has no attribute 'SyncSqliteStorage'"),
]
PROJECT = '[project]\nname = "sample-project"\nversion = "1.0"\n'


@pytest.fixture(scope="module")
def twin() -> Iterator[Twin]:
    """A twin for the tests of this module."""
    with Twin.start() as running:
        yield running


@pytest.mark.parametrize(("lock", "command", "requests", "words"), CASES)
def test_client_is_still_broken(twin: Twin, tmp_path: Path, lock: str, command: str, requests: list[str], words: str) -> None:
    """As a job that PyPI knows, the client fails in the way that the data say, and nothing is uploaded."""
    desk = Desk(lock, twin, tmp_path)
    desk.distributions("1.0")
    (desk.work / "pyproject.toml").write_text(PROJECT)

    done = desk.step("publish", command, {}, job="pypi")

    assert done.status == "1", done.output
    assert words in done.output
    assert [request.rpartition("/")[2] for request in done.requests] == requests
    assert twin.uploads("pypi") == []


def test_every_lock_of_a_broken_client_is_named_and_tried() -> None:
    """A lock that nothing names is not kept, and what the data name is there."""
    data = tomllib.loads((FOLDER / "clients.toml").read_text())
    broken = [entry for client in data["clients"].values() for entry in client.get("broken", [])] + data["others"]
    locks = {f"broken/{path.parent.name}" for path in FOLDER.glob("broken/*/requirements.txt")}

    assert {entry["lock"] for entry in broken if "lock" in entry} == locks
    assert {f"broken/{path.stem}" for path in FOLDER.glob("broken/*.in")} == locks
    assert locks == {case[0] for case in CASES}
