"""Tokens in files, in history and in clients' settings are found and never printed; examples of tokens are not found."""

from __future__ import annotations

import json
import secrets
import string
from pathlib import Path

import pytest
from doctor_bench import ROOT, commit, committed, look, places, write

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.tokens import check_tokens, is_random, secrets_in
from pypi_runbook.project import read_project
from pypi_runbook.twin.tokens import make_token

LETTERS = string.ascii_letters + string.digits


def drawn(count: int) -> str:
    """Return COUNT letters and digits, drawn by lot."""
    return "".join(secrets.choice(LETTERS) for _ in range(count))


def index_token(location: str = "pypi.org") -> str:
    """Return a token as an index makes it."""
    return make_token(location, "5e9ad1a4-4b1f-4f2b-9c33-2f1b6d5c7e80", secrets.token_bytes(32), [[1, ["plain"]], [3, "8a2b"]]).text()


TOKENS = {
    "an API token of PyPI": index_token(),
    "an API token of TestPyPI": index_token("test.pypi.org"),
    "a token of a package index": index_token("index.example"),
    "a token of GitHub": f"ghp_{drawn(36)}",
}


@pytest.mark.parametrize("title", TOKENS)
def test_token_in_a_file(tmp_path: Path, title: str) -> None:
    """It is named with its line and its issuer, and nothing of it is repeated."""
    token = TOKENS[title]
    write(tmp_path, {"notes/release.sh": f"#!/bin/sh\nexport TOKEN={token}\n"})
    (finding,) = look(check_tokens, tmp_path)
    assert (finding.id, finding.severity, finding.file, finding.line) == ("token-in-file", "error", "notes/release.sh", 2)
    assert title in finding.message
    assert token[-12:] not in json.dumps(finding.as_json())


def test_token_in_history_alone(tmp_path: Path) -> None:
    """A token that a commit took away is told with the commit that brought it; one that is still there is told once, at its line."""
    gone, there = index_token(), f"github_pat_{drawn(22)}_{drawn(59)}"
    committed(write(tmp_path, {"deploy.cfg": f"password = {gone}\n", "other.cfg": f"{there}\n"}))
    (tmp_path / "deploy.cfg").write_text("password =\n")
    commit(tmp_path)
    findings = look(check_tokens, tmp_path)
    assert places(findings) == {("token-in-file", "other.cfg", 1), ("token-in-history", "deploy.cfg", None)}
    assert "an API token of PyPI" in findings[1].message
    assert gone not in str(findings)
    assert places(check_tokens(Checkup(read_project(tmp_path), history=False))) == {("token-in-file", "other.cfg", 1)}


@pytest.mark.parametrize(
    "text",
    [
        "pypi-AgEIcHlwaS5vcmcCJ...",
        "pypi-AgEIcHlwaS5vcmc" + "x" * 80,
        "pypi-AgEIcHlwaS5vcmc" + "Cx9_-" * 14,
        "pypi-AgEIcHlwaS5vcmc" + LETTERS + LETTERS[:20],
        "ghp_" + "0123456789abcdefghijklmnopqrstuvwxyz",
        "ghp_" + "aB1" * 12,
        f"ghp_{drawn(36)}  # gitleaks:allow",
        f"ghp_{drawn(36)}  # pragma: allowlist secret",
        f"ghp_{drawn(20)}",
    ],
    # Names of their own: what is drawn by lot differs between the workers of one run.
    ids=["cut", "one-letter", "repeated", "alphabet", "in-order", "pattern", "allowed", "allowlisted", "too-short"],
)
def test_examples_are_left_alone(text: str) -> None:
    """What nobody was ever given, and what somebody marked as an example, is none."""
    assert list(secrets_in(text.encode())) == []


def test_what_is_drawn_by_lot_is_told_from_what_is_typed() -> None:
    """No token that could be real is taken for an example."""
    assert all(is_random(drawn(36)) for _ in range(2000))


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        (".pypirc", "[pypi]\nusername = __token__\npassword = hunter2hunter2\n", 3),
        (".pypirc", "[pypi]\nusername = __token__\npassword = $TOKEN\n", None),
        (".pypirc", "[pypi\n", None),
        ("poetry.toml", '[virtualenvs]\n[http-basic.pypi]\nusername = "a"\npassword = "b"\n', 2),
        ("poetry.toml", "[virtualenvs]\nin-project = true\n", None),
    ],
)
def test_stored_passwords(tmp_path: Path, name: str, text: str, line: int | None) -> None:
    """A client's settings among the project's files store none."""
    write(tmp_path, {name: text})
    committed(tmp_path)
    assert places(look(check_tokens, tmp_path)) == ({("password-in-file", name, line)} if line else set())


def test_this_repository_holds_none() -> None:
    """Its pages, its tests and its history are full of what looks like tokens, and hold none."""
    assert look(check_tokens, ROOT) == []
