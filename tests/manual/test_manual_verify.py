"""`verify` with the twin: what is waited for, what is compared, what is installed, and what is said to remain."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from manual_bench import SDIST, WHEEL
from upload_bench import NAME, Publisher, publishing

pytest_plugins = ["upload_bench"]


@pytest.fixture(name="published")
def _published(publisher: Publisher) -> Publisher:
    """Upload the release to TestPyPI."""
    done = publisher.upload("testpypi")
    assert done.returncode == 0, done.stderr
    return publisher


def test_what_is_served_is_compared_installed_and_imported(published: Publisher) -> None:
    """It ends with the hashes as sha256sum prints them; the package came from the index, its dependencies from the person's own."""
    done = published.run("verify", "testpypi")
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.splitlines()) == {f"{digest}  {name}" for name, digest in published.built().items()}
    assert f"--no-deps --force-reinstall --index-url https://test.pypi.org/simple/ {NAME}==1.0.0" in done.stderr
    assert "-I -c 'import runbook_tiny'" in done.stderr
    assert f"{WHEEL}, {SDIST}: no attestation, as after every upload by hand." in done.stderr
    assert "[ ] Upload the same files to PyPI: pypi-runbook upload pypi --after-testpypi" in done.stderr
    entry = published.record()[-1]
    assert (entry["command"], entry["result"], entry["files"]) == ("verify", "passed", published.built())


def test_what_remains_has_this_releases_values(publisher: Publisher) -> None:
    """After PyPI the steps that the workflow would have done are listed, with tag, commit, addresses and people."""
    workflow = publisher.root / ".github" / "workflows" / "release.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text("on:\n  release:\n    types: [published]\njobs:\n  pypi:\n    runs-on: x\n    steps:\n      - run: twine upload dist/*\n")
    metadata = publisher.root / "pyproject.toml"
    url = '\n[project.urls]\nRepository = "https://github.com/somebody/runbook-tiny"\n'
    metadata.write_text(metadata.read_text().replace("\n[build-system]", f"{url}\n[build-system]"))
    assert publisher.upload("pypi", "--yes").returncode == 0
    done = publisher.run("verify", "pypi", "--no-install", "--json", TWINE_PASSWORD="set")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {file["filename"]: (file["sha256"], file["publisher"]) for file in found["files"]} == {
        name: (digest, None) for name, digest in publisher.built().items()
    }
    steps = "\n".join(found["remaining"])
    for part in (
        "git ls-remote --tags origin 1.0.0",
        "https://github.com/somebody/runbook-tiny/releases/new?tag=1.0.0 (publishing them starts the workflow",
        "gh workflow enable release.yml",
        "https://pypi.org/manage/account/#api-tokens; then: unset TWINE_PASSWORD",
        f"https://pypi.org/project/{NAME}/1.0.0/",
        "attach .pypi-runbook/record.jsonl",
    ):
        assert part in steps


def test_lag_is_waited_out_and_told_from_loss(publisher: Publisher) -> None:
    """A file that a cache does not list yet is said to be late, with the time that is left; at the end of it nothing is to be sent again."""
    publisher.twin.fault("lag", seconds=4, index="testpypi")
    assert publisher.upload("testpypi").returncode == 0
    once = publisher.run("verify", "testpypi", "--no-install", "--wait", "0")
    assert once.returncode == 1
    assert "which it has stored: a cache is late, and nothing failed" in once.stderr
    assert "next: do not upload again" in once.stderr
    done = publisher.run("verify", "testpypi", "--no-install", "--wait", "60")
    assert done.returncode == 0, done.stderr
    assert f"TestPyPI has {WHEEL}, {SDIST} and does not list it yet: a cache is late; asking again, for 60 s at most" in done.stderr


def test_a_file_that_never_arrived_is_missing(publisher: Publisher) -> None:
    """Half a release is named as such, at once, with the command that completes it: what no upload took cannot appear."""
    publisher.twin.fault("lost-answer", requests=1)
    publisher.upload("testpypi")
    publisher.twin.clear()
    done = publisher.run("verify", "testpypi", "--no-install", "--wait", "0")
    assert done.returncode == 1
    assert (
        f"error: TestPyPI serves 1 of 2 files after 0 s; it lacks {SDIST}\n  next: send what is missing: pypi-runbook upload testpypi" in done.stderr
    )
    assert "page: incident/half-uploaded.md" in done.stderr
    assert publisher.record()[-1]["result"] == "failed"


def test_other_bytes_are_told_at_once(published: Publisher) -> None:
    """A file of the same name with other contents ends verify without waiting, and without a download: the listing's hash says it."""
    (published.root / ".pypi-runbook" / "manifest.json").unlink()
    with (published.dist / SDIST).open("ab") as stream:
        stream.write(b"\0")
    done = published.run("verify", "testpypi", "--wait", "600")
    assert done.returncode == 1
    assert f"error: dist/{SDIST}: TestPyPI serves other bytes than dist/ holds" in done.stderr
    assert not [request for request in published.twin.requests if request.method == "GET" and request.path.endswith(SDIST)]


def test_bytes_count_and_not_the_listing(checked: Path, tmp_path: Path) -> None:
    """A file that does not have the hash under which the index lists it is not taken for the one that was built."""
    with publishing(checked, tmp_path, tmp_path / "state") as publisher:
        assert publisher.upload("testpypi").returncode == 0
        (kept,) = (tmp_path / "state").rglob(SDIST)
        kept.write_bytes(kept.read_bytes()[::-1])
        done = publisher.run("verify", "testpypi", "--wait", "0")
    assert done.returncode == 1
    assert f"error: dist/{SDIST}: TestPyPI serves other bytes than dist/ holds" in done.stderr


def test_what_changed_since_the_build_is_not_compared(published: Publisher) -> None:
    """dist/ has to be what the manifest says, before anything is said about an index."""
    (published.dist / SDIST).write_bytes(b"changed")
    before = len(published.twin.requests)
    done = published.run("verify", "testpypi")
    assert done.returncode == 1
    assert "this file does not have the bytes that were built" in done.stderr
    assert len(published.twin.requests) == before


def test_an_outage_is_not_taken_for_a_missing_file(publisher: Publisher) -> None:
    """An index that gives no answer says nothing about the release."""
    publisher.twin.fault("outage", index="testpypi")
    done = publisher.run("verify", "testpypi", "--wait", "0")
    assert done.returncode == 2
    assert "answered 503" in done.stderr
    assert "page: incident/pypi-down.md" in done.stderr


def test_a_download_that_is_cut_is_tried_again(published: Publisher) -> None:
    """Half a file is no verdict."""
    published.twin.fault("cut", index="testpypi", requests=2)
    done = published.run("verify", "testpypi", "--no-install", "--wait", "60")
    assert done.returncode == 0, done.stderr


def test_what_cannot_be_imported_fails(published: Publisher) -> None:
    """The bytes may be right and the release useless: that is an error, not a success."""
    metadata = published.root / "pyproject.toml"
    metadata.write_text(metadata.read_text() + '\n[tool.poetry]\npackages = [{ include = "not_in_it" }]\n')
    done = published.run("verify", "testpypi")
    assert done.returncode == 1
    assert "not_in_it cannot be imported after the installation" in done.stderr
    assert published.record()[-1]["result"] == "failed"


def test_an_unreachable_index_is_named(publisher: Publisher) -> None:
    """Without a way to the index, verify says which address did not answer."""
    command = [sys.executable, "-m", "pypi_runbook", "verify", "pypi", "--wait", "0"]
    env = {**publisher.env, "HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(command, cwd=publisher.root, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "https://pypi.org/simple/runbook-tiny/ did not answer" in done.stderr


def test_scripts_are_named_where_the_project_carries_them(publisher: Publisher) -> None:
    """Advice is a command that exists in this project."""
    shutil.rmtree(publisher.dist)
    (publisher.root / "scripts").mkdir()
    (publisher.root / "scripts" / "build").write_text("python3 -m pypi_runbook build\n")
    assert "next: build first: scripts/build" in publisher.run("verify", "pypi").stderr
