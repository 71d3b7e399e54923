"""`upload` and `verify` with the real twine and the twin: what arrives, what is asked, and what is refused."""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest
from manual_bench import SDIST, WHEEL, Bench

pytest_plugins = ["manual_bench"]

UPLOAD_HOST = "upload.pypi.org"


def test_the_path_ends_in_a_verified_upload(bench: Bench) -> None:
    """Both indexes hold the built bytes in the end, and verify prints their hashes as sha256sum would."""
    for index in ("testpypi", "pypi"):
        done = bench.run("upload", index, typed="1.0.0\n", **bench.token(index))
        assert done.returncode == 0, done.stderr
        done = bench.run("verify", index)
        assert done.returncode == 0, done.stderr
        expected = {f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in bench.dist.iterdir()}
        assert set(done.stdout.splitlines()) == expected


def test_a_second_upload_of_the_same_bytes_does_no_harm(bench: Bench) -> None:
    """After an interruption the same command completes the release."""
    sdist = (bench.dist / SDIST).rename(bench.root / SDIST)
    assert bench.run("upload", "testpypi", **bench.token("testpypi")).returncode == 0
    half = bench.run("verify", "testpypi", "--wait", "0", **bench.token("testpypi"))
    assert half.returncode == 0, half.stderr
    sdist.rename(bench.dist / SDIST)
    half = bench.run("verify", "testpypi", "--wait", "0")
    assert half.returncode == 1
    assert f"TestPyPI serves 1 of 2 files after 0 s; it lacks {SDIST}" in half.stderr
    assert "page: incident/half-uploaded.md" in half.stderr
    assert bench.run("upload", "testpypi", **bench.token("testpypi")).returncode == 0
    assert bench.run("verify", "testpypi", "--wait", "0").returncode == 0


@pytest.mark.parametrize("typed", ["", "\n", "1.0\n", "yes\n"], ids=repr)
def test_pypi_wants_the_version_typed(bench: Bench, typed: str) -> None:
    """Anything but the version sends nothing, and says so."""
    done = bench.run("upload", "pypi", typed=typed, **bench.token("pypi"))
    assert done.returncode == 2
    assert "nothing was uploaded: the answer was not 1.0.0" in done.stderr
    assert not bench.posts()


def test_yes_stands_for_the_version(bench: Bench) -> None:
    """A script passes --yes; the files and their hashes are shown all the same."""
    done = bench.run("upload", "pypi", "--yes", **bench.token("pypi"))
    assert done.returncode == 0, done.stderr
    assert f"{hashlib.sha256((bench.dist / WHEEL).read_bytes()).hexdigest()}  dist/{WHEEL}" in done.stderr
    assert set(bench.posts()) == {UPLOAD_HOST}


def test_settings_cannot_send_it_elsewhere(bench: Bench) -> None:
    """A person who says testpypi gets TestPyPI, whatever twine's variables say."""
    done = bench.run("upload", "testpypi", TWINE_REPOSITORY_URL=f"https://{UPLOAD_HOST}/legacy/", **bench.token("testpypi"))
    assert done.returncode == 0, done.stderr
    assert "TWINE_REPOSITORY_URL is set and not followed" in done.stderr
    assert set(bench.posts()) == {"test.pypi.org"}


def test_the_token_is_nowhere_to_be_seen(bench: Bench) -> None:
    """It is in no output and in no argument, whether it is accepted or refused."""
    for token in (bench.twin.token("testpypi"), bench.twin.token("pypi")):
        done = bench.run("upload", "testpypi", TWINE_PASSWORD=token)
        assert token not in done.stdout + done.stderr
        assert "--password" not in done.stderr


def test_a_refusal_says_what_to_do(bench: Bench) -> None:
    """The index's words are shown, and the error leads to verify and to the page."""
    done = bench.run("upload", "testpypi", **bench.token("pypi"))
    assert done.returncode == 2
    assert "Invalid or non-existent authentication information" in done.stderr
    assert "error: twine upload ended with status 1; TestPyPI may have some of the files, or none" in done.stderr
    assert "next: see what arrived: pypi-runbook verify testpypi --wait 0" in done.stderr


def test_without_a_token_nothing_hangs(bench: Bench) -> None:
    """In a script twine does not wait for an answer, although there is a terminal that it could ask."""
    command = shlex.join(bench.twin.wrap([sys.executable, "-m", "pypi_runbook", "upload", "testpypi"]))
    child = pexpect.spawn("sh", ["-c", f"{command} </dev/null"], cwd=bench.root, env=bench.env, encoding="utf-8", timeout=120)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 2
    shown = str(child.before)
    assert "twine upload --non-interactive" in shown
    assert "Enter your API token" not in shown
    assert not bench.posts()


def test_other_bytes_are_told_at_once(bench: Bench) -> None:
    """A file of the same name with other contents ends verify without waiting."""
    assert bench.run("upload", "testpypi", **bench.token("testpypi")).returncode == 0
    with (bench.dist / SDIST).open("ab") as stream:
        stream.write(b"\0")
    done = bench.run("verify", "testpypi", "--wait", "600")
    assert done.returncode == 1
    assert f"error: dist/{SDIST}: TestPyPI serves other bytes than dist/ holds" in done.stderr
    assert not [request for request in bench.twin.requests if request.path.endswith(SDIST)], "the listing's hash said it already"


def test_bytes_count_and_not_the_listing(desk: Callable[..., Bench], filled: Bench, tmp_path: Path) -> None:
    """A file that does not have the hash under which the index lists it is not taken for the one that was built."""
    bench = desk(filled.root, tmp_path / "state")
    assert bench.run("upload", "testpypi", **bench.token("testpypi")).returncode == 0
    (kept,) = (tmp_path / "state").rglob(SDIST)
    kept.write_bytes(kept.read_bytes()[::-1])
    done = bench.run("verify", "testpypi", "--wait", "0")
    assert done.returncode == 1
    assert f"error: dist/{SDIST}: TestPyPI serves other bytes than dist/ holds" in done.stderr


def test_verify_waits_for_a_late_index(bench: Bench) -> None:
    """Lag is waited out, with a line that says how long it may still take."""
    bench.twin.fault("lag", index="testpypi", seconds=3)
    assert bench.run("upload", "testpypi", **bench.token("testpypi")).returncode == 0
    done = bench.run("verify", "testpypi", "--wait", "60")
    assert done.returncode == 0, done.stderr
    assert "does not list" in done.stderr
    assert "asking again, for" in done.stderr


def test_an_outage_is_not_taken_for_a_missing_file(bench: Bench) -> None:
    """An index that gives no answer says nothing about the release."""
    bench.twin.fault("outage", index="testpypi")
    done = bench.run("verify", "testpypi", "--wait", "0")
    assert done.returncode == 2
    assert "answered 503" in done.stderr
    assert "page: incident/pypi-down.md" in done.stderr


def test_a_download_that_is_cut_is_tried_again(bench: Bench) -> None:
    """Half a file is no verdict."""
    assert bench.run("upload", "testpypi", **bench.token("testpypi")).returncode == 0
    bench.twin.fault("cut", index="testpypi", requests=2)
    done = bench.run("verify", "testpypi", "--wait", "60")
    assert done.returncode == 0, done.stderr


def test_an_unreachable_index_is_named(filled: Bench) -> None:
    """Without a way to the index, verify says which address did not answer."""
    command = [sys.executable, "-m", "pypi_runbook", "verify", "pypi", "--wait", "0"]
    env = {**filled.env, "HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(command, cwd=filled.root, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "https://pypi.org/simple/runbook-tiny/ did not answer" in done.stderr


def test_scripts_are_named_where_the_project_carries_them(bench: Bench) -> None:
    """Advice is a command that exists in this project."""
    shutil.rmtree(bench.dist)
    (bench.root / "scripts").mkdir()
    (bench.root / "scripts" / "build").write_text("python3 -m pypi_runbook build\n")
    findings = json.loads(bench.run("check", "--json").stdout)["findings"]
    assert findings[0]["fix"] == "build first: scripts/build"
