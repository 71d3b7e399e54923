"""`check` as people run it, and what `upload` and `verify` refuse too: an empty, mixed or strange dist/."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from build_bench import record
from manual_bench import ROOT, SDIST, WHEEL, Bench

from pypi_runbook.manual.check import Desk, check, look_inside, look_with_rules, look_with_twine
from pypi_runbook.manual.files import inspect
from pypi_runbook.manual.release import read_release

pytest_plugins = ["manual_bench", "build_bench"]

INFO = "runbook_tiny-1.0.0.dist-info"


def empty(dist: Path) -> None:
    """Take all files away."""
    for path in dist.iterdir():
        path.unlink()


def add_notes(dist: Path) -> None:
    """Leave a file that is no distribution."""
    (dist / "notes.txt").touch()


def add_zip(dist: Path) -> None:
    """Leave a kind of sdist that PyPI no longer takes."""
    (dist / "runbook_tiny-1.0.0.zip").touch()


def add_folder(dist: Path) -> None:
    """Unpack an artifact one level too deep."""
    (dist / "dist").mkdir()


def add_older(dist: Path) -> None:
    """Leave the release before."""
    (dist / "runbook_tiny-0.9.0.tar.gz").touch()


def rename_project(dist: Path) -> None:
    """Give the project another name after the build."""
    metadata = dist.parent / "pyproject.toml"
    metadata.write_text(metadata.read_text().replace('"runbook-tiny"', '"runbook-small"'))


def bump_version(dist: Path) -> None:
    """Give the project another version after the build."""
    metadata = dist.parent / "pyproject.toml"
    metadata.write_text(metadata.read_text().replace('"1.0.0"', '"1.0.1"'))


REFUSED = [
    (empty, "empty-dist", "dist"),
    (add_notes, "foreign-file-in-dist", "dist/notes.txt"),
    (add_zip, "foreign-file-in-dist", "dist/runbook_tiny-1.0.0.zip"),
    (add_folder, "foreign-file-in-dist", "dist/dist"),
    (add_older, "mixed-dist", "dist"),
    (rename_project, "dist-disagrees", "pyproject.toml"),
    (bump_version, "dist-disagrees", "pyproject.toml"),
]
CASES = pytest.mark.parametrize(("spoil", "identifier", "file"), REFUSED, ids=[spoil.__name__ for spoil, _, _ in REFUSED])


def found(bench: Bench, *options: str, status: int = 1, **settings: str) -> dict[str, dict[str, Any]]:
    """Return the findings of a check by id; each has a next step, and a page that exists."""
    done = bench.run("check", "--json", *options, **settings)
    assert done.returncode == status, done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    findings = json.loads(done.stdout)["findings"]
    for finding in findings:
        assert finding["fix"]
        assert (ROOT / "docs" / finding["page"]).is_file(), finding
    return {finding["id"]: finding for finding in findings}


@pytest.fixture(name="ready")
def _ready(quick: Bench, built: Path) -> Bench:
    """Put the built files into a clone that needs nothing from an index to build the wheel once more."""
    shutil.copytree(built, quick.dist)
    return quick


def change(bench: Bench, members: dict[str, str | bytes]) -> None:
    """Put MEMBERS, by path, into the wheel; what was there under these paths is replaced."""
    path = bench.dist / WHEEL
    with zipfile.ZipFile(path) as archive:
        contents: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (contents | members).items():
            archive.writestr(name, content)


@CASES
def test_check_finds_it(filled: Bench, spoil: Callable[[Path], None], identifier: str, file: str) -> None:
    """Each spoilt dist/ is an error with its place, the next step and a page; nothing else is looked at then, and the record says so."""
    spoil(filled.dist)
    report = check(read_release(filled.root))
    finding = report.findings[0]
    assert (finding.id, finding.severity, finding.file, len(report.steps)) == (identifier, "error", file, 1)
    assert finding.fix
    assert (ROOT / "docs" / str(finding.page)).is_file()
    assert record(filled)[-1]["result"] == "failed"


@pytest.mark.parametrize(("spoil", "file"), [(empty, "dist"), (add_older, "dist"), (bump_version, "pyproject.toml")])
def test_nothing_is_sent(filled: Bench, spoil: Callable[[Path], None], file: str) -> None:
    """An upload refuses the same things, before the index hears of it."""
    spoil(filled.dist)
    before = len(filled.twin.requests)
    done = filled.run("upload", "pypi", "--yes", **filled.token("pypi"))
    assert done.returncode == 1
    assert f"error: {file}:" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(filled.twin.requests) == before


def test_nothing_is_compared(filled: Bench) -> None:
    """Nor does verify ask for files that are not this release."""
    add_older(filled.dist)
    before = len(filled.twin.requests)
    assert filled.run("verify", "pypi", "--wait", "0").returncode == 1
    assert len(filled.twin.requests) == before


def test_a_good_dist_passes(done: Bench) -> None:
    """After a build everything that can be looked at is looked at, in one table on stdout; the commands are shown; the record says it."""
    (done.dist / ".gitignore").write_text("*\n")
    good = done.run("check")
    assert good.returncode == 0, good.stdout + good.stderr
    rows = dict(re.findall(r"^(\S.*?)  +(ok|note|warning|error)  ", good.stdout, re.MULTILINE))
    assert set(rows.values()) == {"ok"}, good.stdout
    titles = "dist/, commit and tag, on the indexes, contents, secrets and leftovers, description, twine check --strict, PyPI's rules"
    assert list(rows) == [*titles.split(", "), "wheel from the sdist", "as a user"]
    assert f"$ twine check --strict dist/{WHEEL} dist/{SDIST}\n" in good.stderr
    assert good.stderr.endswith("dist/ is ready to be uploaded.\n")
    assert not done.posts(), "asking needs no token and sends nothing"
    assert record(done)[-1]["files"] == record(done)[0]["files"]
    assert record(done)[-1]["result"] == "passed"
    left = [path.name for path in (done.root / ".pypi-runbook").iterdir() if path.name.startswith("scratch")]
    assert (left, list(Path(done.env["TMPDIR"]).glob("pypi-runbook-*"))) == ([], [])


def test_files_of_another_build_are_tried_all_the_same(ready: Bench) -> None:
    """An sdist alone, without a manifest, of a version that only the backend knows: each is told, and the wheel that it builds into is tried."""
    (ready.dist / WHEEL).unlink()
    metadata = ready.root / "pyproject.toml"
    metadata.write_text(metadata.read_text().replace('version = "1.0.0"', 'dynamic = ["version"]'))
    before = len(ready.twin.requests)
    done = ready.run("check", "--offline", "--json")
    answer = json.loads(done.stdout)
    severities = {finding["id"]: finding["severity"] for finding in answer["findings"]}
    assert severities == {"no-manifest": "warning", "no-wheel": "warning", "unknown-version": "note"}
    assert "build --from-artifact dist" in next(finding["fix"] for finding in answer["findings"] if finding["id"] == "no-manifest")
    assert answer["checks"][-1]["seen"] == "import runbook_tiny"
    assert done.returncode == 0
    assert len(ready.twin.requests) == before, "offline means that no host is reached"


def test_a_version_that_is_there_is_told_with_its_bytes(desk: Callable[..., Bench], ready: Bench) -> None:
    """The same bytes are a note, other bytes an error on PyPI and a warning on TestPyPI, no answer is a note."""
    bench = desk(ready.root)
    for index in ("pypi", "testpypi"):
        command = bench.twin.wrap(["twine", "upload", "--repository", index, "--non-interactive", f"dist/{SDIST}"])
        subprocess.run(command, cwd=bench.root, env={**bench.env, **bench.token(index)}, check=True, capture_output=True)
    assert found(bench, status=0)["already-there"]["severity"] == "note"
    again = (bench.dist / SDIST).read_bytes()
    (bench.dist / SDIST).write_bytes(again[:4] + b"\0\0\0\1" + again[8:])
    bench.twin.fault("outage", index="testpypi")
    answer = found(bench)
    assert (answer["other-bytes-there"]["severity"], answer["index-not-asked"]["severity"]) == ("error", "note")
    assert answer["other-bytes-there"]["page"] == "troubleshooting/file-already-exists.md"


def metadata_of(bench: Bench) -> str:
    """Return the metadata of the built wheel."""
    with zipfile.ZipFile(bench.dist / WHEEL) as archive:
        return archive.read(f"{INFO}/METADATA").decode()


def desk_of(bench: Bench) -> Desk:
    """Return what the steps of a check work on, for a step by itself."""
    release = read_release(bench.root)
    desk = Desk(release, inspect(release)[0], None, bench.root)
    look_inside(desk)
    return desk


def test_what_twine_refuses_is_found(ready: Bench) -> None:
    """A description that does not render is a finding with the file that twine said, and PyPI's words say it too."""
    broken = metadata_of(ready).partition("\n\n")[0].replace("text/markdown", "text/x-rst") + "\n\nTitle\n=\n\n.. no-such-directive::\n"
    change(ready, {f"{INFO}/METADATA": broken})
    desk = desk_of(ready)
    assert [(found.id, found.file) for found in look_with_twine(desk).findings] == [("twine-check", f"dist/{WHEEL}")]
    assert "PyPI would refuse it: The description failed to render" in look_with_rules(desk).findings[0].message


def test_what_only_pypi_refuses_is_found(ready: Bench) -> None:
    """twine passes a dependency by address; the index does not."""
    stated = "Requires-Dist: x @ git+https://example.invalid/x\nSummary:"
    change(ready, {f"{INFO}/METADATA": metadata_of(ready).replace("Summary:", stated)})
    desk = desk_of(ready)
    (finding,) = look_with_rules(desk).findings
    assert "Can't have direct dependency" in finding.message
    assert (finding.page, look_with_twine(desk).findings) == ("troubleshooting/direct-dependency.md", [])


def test_a_broken_wheel_is_found(ready: Bench) -> None:
    """A file that nothing can read at all is an error in words."""
    (ready.dist / WHEEL).write_bytes(b"not a zip file")
    assert "unreadable-archive" in found(ready, "--offline")


def test_a_version_that_is_none_is_refused(ready: Bench) -> None:
    """A version outside PEP 440 is an error of the metadata, with its line."""
    metadata = ready.root / "pyproject.toml"
    metadata.write_text(metadata.read_text().replace('"1.0.0"', '"one"'))
    done = ready.run("check")
    assert done.returncode == 2
    assert "error: pyproject.toml:3: `one` is no version" in done.stderr


def test_a_missing_dependency_is_not_the_wheels_fault(ready: Bench) -> None:
    """What the metadata state is installed when something needs it; where that fails, the person learns what was not tried."""
    stated = metadata_of(ready).replace("Summary:", "Requires-Dist: runbook-nowhere-to-be-found\nSummary:")
    change(ready, {"runbook_tiny/__init__.py": "import runbook_nowhere_to_be_found\n", f"{INFO}/METADATA": stated})
    options = ["--accept", "wheel-and-sdist-differ"]
    answer = found(ready, *options, status=0)
    assert answer["dependencies-not-installed"]["severity"] == "warning"
    assert "import runbook_tiny needs runbook_nowhere_to_be_found" in answer["dependencies-not-installed"]["message"]
    assert "does-not-import" not in answer


def test_a_token_in_a_package_stops_it_unless_accepted(ready: Bench) -> None:
    """The file, the line and the kind are told, the token is not; whoever has looked at a finding can take it upon them."""
    token = ready.twin.token("testpypi")
    change(ready, {"runbook_tiny/settings.py": f"# settings\nTOKEN = '{token}'\n", ".env": "A=1\n"})
    done = ready.run("check", "--offline", "--json", "--accept", "private-file")
    answer = {finding["id"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert (done.returncode, answer["secret"]["severity"], answer["private-file"]["severity"]) == (1, "error", "note")
    assert answer["secret"]["message"] == "runbook_tiny/settings.py holds an API token of TestPyPI, in its line 2"
    assert answer["secret"]["page"] == "incident/leaked-token.md"
    assert token not in done.stdout + done.stderr


def test_what_an_index_refuses_cannot_be_accepted(ready: Bench) -> None:
    """Only what a person may know better is on the list."""
    done = ready.run("check", "--accept", "twine-check")
    assert done.returncode == 2
    assert "'twine-check' is not one of" in done.stderr


def test_bytes_that_changed_after_the_build_are_found(done: Bench) -> None:
    """The manifest's hashes are compared, and nothing else is looked at then."""
    change(done, {"runbook_tiny/late.py": ""})
    os.utime(done.dist / WHEEL)
    assert found(done).keys() == {"changed-file"}
