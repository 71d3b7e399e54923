"""`upload` with the real twine and the twin: what is said and asked, what is sent, and what is refused before anything is."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest
from manual_bench import SDIST, WHEEL
from upload_bench import NAME, UPLOAD_HOSTS, Publisher

pytest_plugins = ["upload_bench"]

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_it_says_what_will_happen(publisher: Publisher) -> None:
    """Before anything is sent the person reads index, project, version, files, hashes, origin, credential, and that there is no way back."""
    done = publisher.run("upload", "pypi", typed="no\n", **publisher.token("pypi"))
    assert f"{NAME} 1.0.0 goes to PyPI, https://upload.pypi.org/legacy/:" in done.stderr
    for name, digest in publisher.built().items():
        assert f"  {digest}  dist/{name}\n" in done.stderr
    assert "tag 1.0.0" in done.stderr
    assert "credential: TWINE_PASSWORD: a token of PyPI, for every project of its account" in done.stderr
    assert "this version cannot be replaced or taken back" in done.stderr
    assert done.stderr.index("taken back") < done.stderr.index("Type the version")


@pytest.mark.parametrize("typed", ["", "1.0\n", "yes\n"], ids=repr)
def test_pypi_wants_the_version_typed(publisher: Publisher, typed: str) -> None:
    """Anything but the version sends nothing, and says so."""
    done = publisher.run("upload", "pypi", typed=typed, **publisher.token("pypi"))
    assert done.returncode == 2
    assert "nothing was uploaded: the answer was not 1.0.0" in done.stderr
    assert not publisher.posts()


def test_one_twine_sends_both_files(publisher: Publisher) -> None:
    """`--yes` stands for the version; the index then holds the built bytes, the record says so, and stdout is for programs."""
    done = publisher.upload("pypi", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("$ twine upload ") == 1
    assert publisher.has("pypi") == publisher.built()
    assert json.loads(done.stdout) == {"schema": 1, "index": "pypi", "sent": publisher.built(), "already": {}}
    assert set(publisher.posts()) == {UPLOAD_HOSTS["pypi"]}
    entry = publisher.record()[-1]
    assert (entry["command"], entry["index"], entry["result"], entry["files"]) == ("upload", "pypi", "passed", publisher.built())


def test_the_second_time_there_is_nothing_to_send(publisher: Publisher) -> None:
    """An upload that is there already is a success, said so, which needs no token and asks nothing."""
    assert publisher.upload("testpypi").returncode == 0
    sent = len(publisher.posts())
    done = publisher.run("upload", "testpypi", "--json")
    assert done.returncode == 0, done.stderr
    assert "there is nothing to send" in done.stderr
    assert json.loads(done.stdout)["already"] == publisher.built()
    assert len(publisher.posts()) == sent


def test_a_check_that_did_not_pass_stops_it(publisher: Publisher) -> None:
    """Files that no check passed, and files whose latest check failed, are not sent."""
    record = publisher.root / ".pypi-runbook" / "record.jsonl"
    whole = record.read_text()
    for text in ("", whole + json.dumps({**publisher.record()[-1], "result": "failed"}) + "\n"):
        record.write_text(text)
        done = publisher.upload("testpypi")
        assert done.returncode == 1
        assert "these files have not passed a check" in done.stderr
    assert not publisher.posts()


def test_only_what_was_built_is_sent(publisher: Publisher) -> None:
    """A file that changed after the build, and one that the build did not make, stop everything."""
    changed = publisher.dist / SDIST
    content = changed.read_bytes()
    changed.write_bytes(content[:-1])
    assert "this file does not have the bytes that were built" in publisher.upload("testpypi").stderr
    changed.write_bytes(content)
    (publisher.dist / WHEEL.replace("py3", "py2.py3")).write_bytes(b"")
    assert "the build did not make this file" in publisher.upload("testpypi").stderr
    assert not publisher.posts()


def test_a_change_while_the_person_types_is_seen(publisher: Publisher) -> None:
    """The files are looked at once more after the answer."""
    child = pexpect.spawn(
        publisher.twin.wrap([sys.executable, "-m", "pypi_runbook", "upload", "pypi"])[0],
        publisher.twin.wrap([sys.executable, "-m", "pypi_runbook", "upload", "pypi"])[1:],
        cwd=str(publisher.root),
        env={**publisher.env, **publisher.token("pypi")},
        encoding="utf-8",
        timeout=60,
    )
    child.expect("Type the version to upload it: ")
    (publisher.dist / WHEEL).write_bytes(b"other")
    child.sendline("1.0.0")
    child.expect("does not have the bytes that were built")
    child.expect(pexpect.EOF)
    assert not publisher.posts()


def test_without_a_manifest_nothing_is_sent(publisher: Publisher) -> None:
    """Files that merely lie in dist/ are nobody's release."""
    (publisher.root / ".pypi-runbook" / "manifest.json").unlink()
    done = publisher.upload("testpypi")
    assert done.returncode == 1
    assert "there is no manifest of a finished build" in done.stderr
    assert not publisher.posts()


def test_after_testpypi_wants_these_bytes_verified_there(publisher: Publisher) -> None:
    """The option holds until `verify testpypi` passed for exactly these hashes."""
    assert publisher.upload("testpypi").returncode == 0
    refused = publisher.upload("pypi", "--yes", "--after-testpypi")
    assert refused.returncode == 1
    assert "these very files have not been verified on TestPyPI" in refused.stderr
    assert publisher.run("verify", "testpypi", "--no-install").returncode == 0
    assert publisher.upload("pypi", "--yes", "--after-testpypi").returncode == 0
    assert publisher.run("upload", "testpypi", "--after-testpypi").returncode == 2


def test_settings_cannot_send_it_elsewhere(publisher: Publisher) -> None:
    """A person who says testpypi gets TestPyPI, whatever twine's variables say; a ~/.pypirc that leads elsewhere stops it."""
    done = publisher.upload("testpypi", TWINE_REPOSITORY_URL=f"https://{UPLOAD_HOSTS['pypi']}/legacy/")
    assert done.returncode == 0, done.stderr
    assert "TWINE_REPOSITORY_URL is set and not followed" in done.stderr
    assert set(publisher.posts()) == {UPLOAD_HOSTS["testpypi"]}
    Path(publisher.env["HOME"], ".pypirc").write_text(f"[pypi]\nrepository = https://{UPLOAD_HOSTS['testpypi']}/legacy/\n")
    done = publisher.upload("pypi", "--yes")
    assert "the section [pypi] leads to another index than PyPI" in done.stderr
    assert set(publisher.posts()) == {UPLOAD_HOSTS["testpypi"]}


def test_a_wrong_credential_is_noticed_before_anything_is_sent(publisher: Publisher) -> None:
    """Another index's token, an expired one, another project's, half of one, a password, none: each with its page."""
    twin = publisher.twin
    twin.perform("register", index="testpypi", name="somebody-else", account="maintainer")
    token = {name: twin.perform("token", index="testpypi", **how)["token"] for name, how in TOKENS.items()}
    wrong = [
        (twin.token("pypi"), "a token of PyPI, for every project of its account, and the upload goes to TestPyPI"),
        (token["expired"], "it has expired"),
        (token["other"], "for the project somebody-else, and the upload is runbook-tiny"),
        (twin.token("testpypi")[:60], "the token is not whole"),
        ("correct horse", "this is no API token"),
        (" \n", "the token is empty (TWINE_PASSWORD)"),
    ]
    for secret, words in wrong:
        done = publisher.upload("testpypi", TWINE_PASSWORD=secret)
        assert done.returncode == 2
        assert words in done.stderr
        assert (DOCS / done.stderr.rsplit("page: ", 1)[1].strip()).is_file()
    assert "names a user" in publisher.upload("testpypi", TWINE_USERNAME="maintainer").stderr
    assert not publisher.posts()


TOKENS: dict[str, dict[str, Any]] = {"expired": {"seconds": -60}, "other": {"projects": ["somebody-else"]}}


def test_a_limited_token_is_described_and_used(publisher: Publisher) -> None:
    """A token for this project, for an hour, says so, and uploads."""
    publisher.twin.perform("register", index="testpypi", name=NAME, account="maintainer")
    made = publisher.twin.perform("token", index="testpypi", projects=[NAME], seconds=3600)["token"]
    done = publisher.upload("testpypi", TWINE_PASSWORD=made)
    assert done.returncode == 0, done.stderr
    assert f"a token of TestPyPI, for the project {NAME}, until 20" in done.stderr


def test_a_token_comes_from_twines_own_file(publisher: Publisher) -> None:
    """~/.pypirc is read as twine reads it, behind the environment."""
    pypirc = Path(publisher.env["HOME"], ".pypirc")
    pypirc.write_text(f"[testpypi]\nusername = __token__\npassword = {publisher.twin.token('testpypi')}\n")
    done = publisher.run("upload", "testpypi")
    assert done.returncode == 0, done.stderr
    assert "credential: ~/.pypirc: a token of TestPyPI" in done.stderr
    pypirc.write_text("password = oops\n")
    assert "~/.pypirc cannot be read" in publisher.run("upload", "pypi", "--yes").stderr


def test_a_token_comes_from_the_keyring(publisher: Publisher, tmp_path: Path) -> None:
    """The keyring is asked as twine asks it, and twine then finds the same token there."""
    (tmp_path / "ring.py").write_text(RING)
    settings = {"PYTHONPATH": str(tmp_path), "PYTHON_KEYRING_BACKEND": "ring.Ring", "RING": publisher.twin.token("testpypi")}
    done = publisher.run("upload", "testpypi", **settings)
    assert done.returncode == 0, done.stderr
    assert "credential: the keyring: a token of TestPyPI" in done.stderr
    assert publisher.has("testpypi") == publisher.built()


RING = """
import os
from keyring.backend import KeyringBackend

class Ring(KeyringBackend):
    priority = 1

    def get_password(self, service, username):
        return os.environ["RING"] if (service, username) == ("https://test.pypi.org/legacy/", "__token__") else None

    def set_password(self, service, username, password):
        raise NotImplementedError
"""


def test_a_person_is_asked_for_the_token(publisher: Publisher) -> None:
    """At a terminal the token is asked for, not shown, looked at, and used."""
    argv = publisher.twin.wrap([sys.executable, "-m", "pypi_runbook", "upload", "testpypi"])
    child = pexpect.spawn(argv[0], argv[1:], cwd=str(publisher.root), env=publisher.env, encoding="utf-8", timeout=60, dimensions=(50, 300))
    child.expect(r"TestPyPI token \(not shown\): ")
    child.sendline(publisher.twin.token("testpypi"))
    child.expect(pexpect.EOF)
    assert publisher.twin.token("testpypi") not in str(child.before)
    assert "credential: typed now: a token of TestPyPI" in str(child.before)
    assert publisher.has("testpypi") == publisher.built()


def test_without_a_token_nothing_hangs(publisher: Publisher) -> None:
    """In a script nobody is asked, although there is a terminal that could be."""
    command = shlex.join(publisher.twin.wrap([sys.executable, "-m", "pypi_runbook", "upload", "testpypi"]))
    child = pexpect.spawn("sh", ["-c", f"{command} </dev/null"], cwd=str(publisher.root), env=publisher.env, encoding="utf-8", timeout=60)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 2
    assert "there is no token for TestPyPI" in str(child.before)
    assert not publisher.posts()


def test_nothing_but_a_yes_reaches_pypis_upload_host(publisher: Publisher) -> None:
    """Every other command, every index but `pypi`, and every other answer leave that host alone; then one yes sends each file once."""
    for arguments in (("check",), ("upload", "testpypi"), ("verify", "testpypi", "--no-install"), ("verify", "pypi", "--wait", "0")):
        publisher.run(*arguments, **publisher.token("testpypi"))
    publisher.run("upload", "pypi", typed="\n1.0.0\n", **publisher.token("pypi"))
    assert UPLOAD_HOSTS["pypi"] not in [request.host for request in publisher.twin.requests]
    assert publisher.upload("pypi", "--yes").returncode == 0
    assert [request.host for request in publisher.twin.requests].count(UPLOAD_HOSTS["pypi"]) == 2
