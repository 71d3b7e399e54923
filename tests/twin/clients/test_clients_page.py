"""The page of the matrix: made from the transcripts, and kindly absent where they are not."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from people import CLIENTS as FOLDER
from scenario import CLIENTS
from transcripts import kept, locked_version

from pypi_runbook.pages.clienttable import clients_table

ROOT = FOLDER.parents[1]
DATA = tomllib.loads((FOLDER / "clients.toml").read_text())


@pytest.fixture(scope="module")
def page() -> str:
    """What the macro gives to the page."""
    return clients_table(ROOT)


def row(page: str, step: str) -> list[str]:
    """Return the cells of STEP's row."""
    words = DATA["steps"][step]
    return next(line for line in page.splitlines() if line.startswith(f"| {words[0].upper()}{words[1:]} |")).split(" | ")[1:]


@pytest.mark.parametrize(
    ("step", "cells"),
    [
        ("upload", ["uploads"] * 5),
        ("again", ["uploads", "uploads", "uploads", "sends nothing, exit 0", "uploads"]),
        ("skip-existing", ["passes over them", "sends nothing, exit 2", "passes over them", "has no such option", "has no such option"]),
        ("refused", ["stops, exit 1", "stops, exit 2", "stops, exit 1", "stops, exit 1", "stops, exit 1"]),
        ("trusted-publishing", ["uploads", "uploads", "has no such option", "has no such option", "has no such option"]),
        ("lasting-outage", ["gives up after 5 tries, exit 1", "stops, exit 2", "stops, exit 1", "stops, exit 1", "stops, exit 1"]),
        ("cut", ["stops, exit 1", "tries again, uploads", "stops, exit 1", "stops, exit 1", "stops, exit 1"]),
        ("cut-behind-proxy", ["**hangs**", "tries again, uploads", "stops, exit 1", "stops, exit 1", "stops, exit 1"]),
        ("install-missing", ["stops, exit 1"] * 4),
        ("install-outage", ["tries again, installs"] * 4),
    ],
)
def test_cell_says_what_the_client_did(page: str, step: str, cells: list[str]) -> None:
    """Each kind of ending has its words: twine, uv, Poetry, hatch and flit upload; uv, Poetry and both versions of pip install."""
    assert row(page, step) == [*cells[:-1], f"{cells[-1]} |"]


def test_page_shows_every_client_every_transcript_and_every_known_fault(page: str) -> None:
    """Nothing that is kept as data is missing on the page."""
    for client in CLIENTS:
        assert f" {locked_version(client)}" in page
        for record in kept(client).values():
            assert f"    $ {record.command}\n" in page
            assert all(f"    {line}".rstrip() in page for line in record.output.strip("\n").split("\n"))
    entries = [entry for client in DATA["clients"].values() for entry in client.get("broken", [])] + DATA["others"]
    assert all(entry["what"] in page and entry["why"] in page for entry in entries)


def test_no_token_is_on_the_page(page: str) -> None:
    """What a client prints of a token is a placeholder."""
    assert "::add-mask::<any>" in page
    assert "pypi-AgE" not in page


def test_repository_without_transcripts_gets_the_address_of_the_page(tmp_path: Path) -> None:
    """Another project's guide has the pages, and not this repository's tests: it says where the matrix is."""
    assert clients_table(tmp_path) == (
        "The matrix is made from the tests of `pypi-runbook` itself: "
        "[read it there](https://kvncampos.github.io/pypi-runbook/reference/clients.html).\n"
    )
