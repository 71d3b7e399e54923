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
from build_bench import bump, commit, git, record
from manual_bench import ROOT, SDIST, WHEEL, Bench

pytest_plugins = ["manual_bench", "build_bench"]

INFO = "runbook_tiny-1.0.0.dist-info"
SCRIPT = "[console_scripts]\ntiny = runbook_tiny:main\n"


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
    """Each spoilt dist/ is an error with its place, the next step and a page, and exit status 1; the record says that it failed."""
    spoil(filled.dist)
    finding = found(filled)[identifier]
    assert (finding["severity"], finding["file"]) == ("error", file)
    assert record(filled)[-1]["result"] == "failed"


@CASES
def test_nothing_is_sent(filled: Bench, spoil: Callable[[Path], None], identifier: str, file: str) -> None:
    """An upload refuses the same things, before the index hears of it."""
    spoil(filled.dist)
    before = len(filled.twin.requests)
    done = filled.run("upload", "pypi", "--yes", **filled.token("pypi"))
    assert done.returncode == 1
    assert f"error: {file}:" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(filled.twin.requests) == before, identifier


def test_nothing_is_compared(filled: Bench) -> None:
    """Nor does verify ask for files that are not this release."""
    add_older(filled.dist)
    before = len(filled.twin.requests)
    assert filled.run("verify", "pypi", "--wait", "0").returncode == 1
    assert len(filled.twin.requests) == before


def test_a_good_dist_passes(quick: Bench) -> None:
    """After a build everything that can be looked at is looked at, in one table on stdout; the commands are shown; the record says it."""
    assert quick.run("build").returncode == 0
    (quick.dist / ".gitignore").write_text("*\n")
    done = quick.run("check")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = dict(re.findall(r"^(\S.*?)  +(ok|note|warning|error)  ", done.stdout, re.MULTILINE))
    assert set(rows.values()) == {"ok"}, done.stdout
    titles = "dist/, commit and tag, on the indexes, contents, secrets and leftovers, description, twine check --strict, PyPI's rules"
    assert list(rows) == [*titles.split(", "), "wheel from the sdist", "as a user"]
    assert f"$ twine check --strict dist/{WHEEL} dist/{SDIST}\n" in done.stderr
    assert done.stderr.endswith("dist/ is ready to be uploaded.\n")
    assert not quick.posts(), "asking needs no token and sends nothing"
    assert record(quick)[-1]["files"] == record(quick)[0]["files"]
    assert record(quick)[-1]["result"] == "passed"
    left = [path.name for path in (quick.root / ".pypi-runbook").iterdir() if path.name.startswith("scratch")]
    assert (left, list(Path(quick.env["TMPDIR"]).glob("pypi-runbook-*"))) == ([], [])


def test_files_of_another_build_are_compared_all_the_same(ready: Bench) -> None:
    """Without a manifest the wheel is built from the sdist once more, and the person learns how upload will take these files."""
    (ready.dist / WHEEL).unlink()
    answer = found(ready, status=0)
    assert answer.keys() == {"no-manifest", "no-wheel"}
    assert "build --from-artifact dist" in answer["no-manifest"]["fix"]


def test_it_asks_the_indexes_only_when_it_may(ready: Bench) -> None:
    """`--offline` reaches no host at all."""
    before = len(ready.twin.requests)
    done = ready.run("check", "--offline")
    assert "on the indexes" not in done.stdout
    assert [request.host for request in ready.twin.requests[before:] if request.path.startswith("/simple/runbook-tiny")] == []


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


def test_a_missing_kind_is_a_warning(ready: Bench) -> None:
    """An sdist alone looks like a build that was interrupted; it is said, and the wheel that users would get from it is tried."""
    (ready.dist / WHEEL).unlink()
    done = ready.run("check")
    assert done.returncode == 0
    assert "import runbook_tiny" in done.stdout


def test_what_twine_refuses_is_found(quick: Bench) -> None:
    """A description that does not render is a finding for each file, under the name that twine said, and PyPI's words say it too."""
    (quick.root / "README.md").rename(quick.root / "README.rst")
    (quick.root / "README.rst").write_text("Title\n=\n\n.. no-such-directive::\n\n`broken <\n")
    metadata = quick.root / "pyproject.toml"
    metadata.write_text(metadata.read_text().replace("README.md", "README.rst"))
    commit(quick.root)
    assert quick.run("build").returncode == 0
    done = quick.run("check", "--json")
    twine = [finding["file"] for finding in json.loads(done.stdout)["findings"] if finding["id"] == "twine-check"]
    assert (done.returncode, twine) == (1, [f"dist/{WHEEL}", f"dist/{SDIST}"])
    assert "PyPI would refuse it: The description failed to render" in done.stdout


def test_what_only_pypi_refuses_is_found(ready: Bench) -> None:
    """twine passes a dependency by address; the index does not."""
    with zipfile.ZipFile(ready.dist / WHEEL) as archive:
        metadata = archive.read(f"{INFO}/METADATA").decode()
    change(ready, {f"{INFO}/METADATA": metadata.replace("Summary:", "Requires-Dist: x @ git+https://example.invalid/x\nSummary:")})
    answer = found(ready)
    assert "Can't have direct dependency" in answer["direct-dependency"]["message"]
    assert "twine-check" not in answer


def test_a_broken_wheel_is_found(ready: Bench) -> None:
    """A file that nothing can read at all is an error in words."""
    (ready.dist / WHEEL).write_bytes(b"not a zip file")
    assert "unreadable-archive" in found(ready, "--offline")


def test_a_version_that_only_the_backend_knows_is_a_note(ready: Bench) -> None:
    """The check says what it could not compare, and goes on."""
    metadata = ready.root / "pyproject.toml"
    metadata.write_text(metadata.read_text().replace('version = "1.0.0"', 'dynamic = ["version"]'))
    assert found(ready, "--offline", status=0)["unknown-version"]["severity"] == "note"


def test_a_version_that_is_none_is_refused(ready: Bench) -> None:
    """A version outside PEP 440 is an error of the metadata, with its line."""
    metadata = ready.root / "pyproject.toml"
    metadata.write_text(metadata.read_text().replace('"1.0.0"', '"one"'))
    done = ready.run("check")
    assert done.returncode == 2
    assert "error: pyproject.toml:3: `one` is no version" in done.stderr


def test_a_package_that_does_not_import_is_found(ready: Bench) -> None:
    """An import that needs what the metadata do not state is the wheel's fault, and the missing name is in the advice."""
    change(ready, {"runbook_tiny/__init__.py": "import nowhere_to_be_found\n"})
    answer = found(ready, "--offline")["does-not-import"]
    assert "ModuleNotFoundError: No module named 'nowhere_to_be_found'" in answer["message"]
    assert "nowhere_to_be_found" in answer["fix"]


def test_a_missing_dependency_is_not_the_wheels_fault(ready: Bench) -> None:
    """What the metadata state is installed when something needs it; where that fails, the person learns what was not tried."""
    with zipfile.ZipFile(ready.dist / WHEEL) as archive:
        metadata = archive.read(f"{INFO}/METADATA").decode()
    stated = metadata.replace("Summary:", "Requires-Dist: runbook-nowhere-to-be-found\nSummary:")
    change(ready, {"runbook_tiny/__init__.py": "import runbook_nowhere_to_be_found\n", f"{INFO}/METADATA": stated})
    options = ["--accept", "wheel-and-sdist-differ"]
    answer = found(ready, *options, status=0)
    assert answer["dependencies-not-installed"]["severity"] == "warning"
    assert "import runbook_tiny needs runbook_nowhere_to_be_found" in answer["dependencies-not-installed"]["message"]
    assert "does-not-import" not in answer


def test_a_command_that_does_not_start_is_found(ready: Bench) -> None:
    """Console scripts are started; one whose function does not exist is an error, one that does not end is stopped and told."""
    change(ready, {f"{INFO}/entry_points.txt": SCRIPT})
    assert "`tiny --help` fails in a clean environment: ImportError" in found(ready, "--offline")["command-fails"]["message"]


def test_the_command_that_is_started_sees_no_token(ready: Bench) -> None:
    """Code of the project runs with an empty HOME and without credentials."""
    secret = ready.twin.token("pypi")
    seen = f"'{secret}' in repr(dict(os.environ)) or 'runbook' not in os.environ['HOME']"
    code = f"import os\ndef main():\n    if {seen}:\n        raise NameError\n"
    change(ready, {"runbook_tiny/__init__.py": code, f"{INFO}/entry_points.txt": SCRIPT})
    answer = found(ready, "--offline", TWINE_PASSWORD=secret, UV_PUBLISH_TOKEN=secret)
    assert "command-fails" not in answer
    assert "secret" in answer, "the token that the test wrote into the package is found"


def test_a_token_in_a_package_stops_it_unless_accepted(ready: Bench) -> None:
    """The file, the line and the kind are told, the token is not; whoever has looked at it can go on, and the record knows."""
    token = ready.twin.token("testpypi")
    change(ready, {"runbook_tiny/settings.py": f"# settings\nTOKEN = '{token}'\n", ".env": "A=1\n"})
    done = ready.run("check", "--offline", "--json")
    answer = {finding["id"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert answer["secret"]["message"] == "runbook_tiny/settings.py holds an API token of TestPyPI, in its line 2"
    assert answer["private-file"]["page"] == "incident/leaked-token.md"
    assert token not in done.stdout + done.stderr
    taken = found(ready, "--offline", "--accept", "secret", "--accept", "private-file", status=0)
    assert (taken["secret"]["severity"], taken["private-file"]["severity"]) == ("note", "note")


def test_what_an_index_refuses_cannot_be_accepted(ready: Bench) -> None:
    """Only what a person may know better is on the list."""
    done = ready.run("check", "--accept", "twine-check")
    assert done.returncode == 2
    assert "'twine-check' is not one of" in done.stderr


def test_a_tag_somewhere_else_is_found(quick: Bench) -> None:
    """Files of a commit whose version is tagged on another commit are not that release."""
    commit(quick.root, {"more.txt": "more"})
    assert quick.run("build").returncode == 0
    assert found(quick, "--offline")["tag-elsewhere"]["page"] == "troubleshooting/tag-and-version.md"
    git(quick.root, "tag", "--delete", "1.0.0")
    commit(quick.root, {"again.txt": "again"})
    answer = found(quick, "--offline", status=0)
    assert {name: finding["severity"] for name, finding in answer.items()} == {"other-commit": "warning", "no-tag": "note"}
    bump(quick.root, "1.0.1")
    assert "dist-disagrees" in found(quick, "--offline")


def test_bytes_that_changed_after_the_build_are_found(quick: Bench) -> None:
    """The manifest's hashes are compared, and nothing else is looked at then."""
    assert quick.run("build").returncode == 0
    change(quick, {"runbook_tiny/late.py": ""})
    os.utime(quick.dist / WHEEL)
    assert found(quick).keys() == {"changed-file"}
