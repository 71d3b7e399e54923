"""A wheel tried as a user would try it, and where it comes from, by the functions that do it; the real pip, Python and git take part."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest
from build_bench import commit, git

from pypi_runbook.finding import Finding
from pypi_runbook.manual.clean import forget
from pypi_runbook.manual.files import File, parse
from pypi_runbook.manual.manifest import Manifest
from pypi_runbook.manual.origin import origin_of
from pypi_runbook.manual.release import at, read_release
from pypi_runbook.manual.tryout import try_out
from pypi_runbook.rules.contents import members

NAME = "tried-1.0-py3-none-any.whl"
SCRIPT = "[console_scripts]\ntried = tried:main\n"


def wheel(folder: Path, code: str, *headers: tuple[str, str], entry_points: str = "", name: str = NAME) -> File:
    """Write a wheel with one module that holds CODE."""
    project = name.partition("-")[0]
    metadata = [("Metadata-Version", "2.4"), ("Name", project), ("Version", "1.0"), *headers]
    info = f"{project}-1.0.dist-info"
    inside = {
        f"{project}/__init__.py": code,
        f"{info}/METADATA": "".join(f"{key}: {value}\n" for key, value in metadata),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": entry_points,
    }
    with zipfile.ZipFile(folder / name, "w") as archive:
        for member, content in inside.items():
            archive.writestr(member, content)
        archive.writestr(f"{info}/RECORD", "".join(f"{member},,\n" for member in [*inside, f"{info}/RECORD"]))
    file = parse(folder / name)
    assert file
    return file


def tried(file: File, folder: Path) -> tuple[str, dict[str, Finding]]:
    """Return what was done with FILE, and the findings by id."""
    words, findings = try_out(at(folder), file, dict(members(file.path, file.shown)), folder / "room")
    return words, {finding.id: finding for finding in findings}


def test_what_imports_and_starts(tmp_path: Path) -> None:
    """A package with a command is installed, imported and started; what was done is said."""
    file = wheel(tmp_path, "def main():\n    print('help')\n", entry_points=SCRIPT)
    assert tried(file, tmp_path) == ("import tried, tried --help", {})


def test_what_needs_more_than_it_states(tmp_path: Path) -> None:
    """An import of something that the metadata do not state is the wheel's fault, and the name is in the advice."""
    _, findings = tried(wheel(tmp_path, "import nowhere_to_be_found\n"), tmp_path)
    assert findings["does-not-import"].severity == "error"
    assert "No module named 'nowhere_to_be_found'" in findings["does-not-import"].message
    assert "nowhere_to_be_found" in str(findings["does-not-import"].fix)


def test_what_needs_its_own_missing_part(tmp_path: Path) -> None:
    """A module of its own that is missing is no missing dependency, although there are dependencies."""
    _, findings = tried(wheel(tmp_path, "import tried.part\n", ("Requires-Dist", "runbook-nowhere-to-be-found")), tmp_path)
    assert findings.keys() == {"does-not-import"}


def test_what_it_depends_on_is_installed_once_for_a_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dependency joins when something needs it, stays for the next check and for verify, and goes with the next build."""
    index = tmp_path / "index"
    index.mkdir()
    needed = wheel(index, "", name="needed-1.0-py3-none-any.whl")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    file = wheel(tmp_path, "import needed\n", ("Requires-Dist", "needed"))
    assert tried(file, tmp_path) == ("import tried, with what it depends on", {})
    needed.path.unlink()
    (tmp_path / "room").rename(tmp_path / "before")
    assert tried(file, tmp_path)[1] == {}
    (tmp_path / "room").rename(tmp_path / "second")
    forget(at(tmp_path))
    assert tried(file, tmp_path)[1].keys() == {"dependencies-not-installed"}


@pytest.mark.parametrize(
    ("code", "wanted", "severity"),
    [
        ("x = 1\n", "command-fails", "error"),
        ("def main():\n    raise ValueError('bad day')\n", "command-traceback", "warning"),
        ("import sys\ndef main():\n    sys.exit('usage: tried')\n", None, None),
    ],
)
def test_commands(tmp_path: Path, code: str, wanted: str | None, severity: str | None) -> None:
    """A function that does not exist is an error, another traceback a warning; to be told how to use it is fine."""
    _, findings = tried(wheel(tmp_path, code, entry_points=SCRIPT), tmp_path)
    assert {name: finding.severity for name, finding in findings.items()} == ({wanted: severity} if wanted else {})


def test_code_of_the_project_sees_no_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs with an empty HOME and without credentials, and leaves nothing in the folder that the check was called in."""
    monkeypatch.setenv("TWINE_PASSWORD", "pypi-AgEIcHlwaS5vcmcSECRET")
    monkeypatch.setenv("UV_PUBLISH_TOKEN", "pypi-AgEIcHlwaS5vcmcSECRET")
    monkeypatch.chdir(tmp_path)
    code = "import os, pathlib\nif 'SECRET' in repr(dict(os.environ)) or 'room' not in os.environ['HOME']:\n    raise NameError\nopen('left', 'w')\n"
    assert tried(wheel(tmp_path, code), tmp_path)[1] == {}
    assert not (tmp_path / "left").exists()


@pytest.mark.parametrize(("name", "headers"), [("tried-1.0-py3-none-macosx_11_0_arm64.whl", ()), (NAME, [("Requires-Python", ">=9")])])
def test_a_wheel_for_others_is_not_tried(tmp_path: Path, name: str, headers: list[tuple[str, str]]) -> None:
    """Another platform or Python is no fault; that nothing was tried is said."""
    if sys.platform == "darwin":
        pytest.skip("that wheel is for this machine")
    _, findings = tried(wheel(tmp_path, "", *headers, name=name), tmp_path)
    assert {name: finding.severity for name, finding in findings.items()} == {"not-tried": "note"}


def test_tags_and_commits(tmp_path: Path) -> None:
    """Files of a commit whose version is tagged elsewhere are not that release; a moved checkout is told, and so is a missing tag."""
    git(tmp_path, "init", "--quiet")
    first = commit(tmp_path, {"pyproject.toml": '[project]\nname = "tried"\nversion = "1.0"\n'})
    git(tmp_path, "tag", "v1.0")
    second = commit(tmp_path)
    release = read_release(tmp_path)
    assert release.version

    def found(built: str, tag: str | None = None, ref: str | None = None, *, dirty: bool = False) -> dict[str, str]:
        manifest = Manifest("tried", "1.0", built, tag, ref, dirty, "", "build", {}, ())
        return {finding.id: finding.severity for finding in origin_of(release, manifest, release.version)[1]}  # type: ignore[arg-type]

    assert found(first, "v1.0", "v1.0") == {}
    assert found(first, "v1.0") == {"other-commit": "warning"}
    assert found(second) == {"tag-elsewhere": "error"}
    assert found(second, "v2.0", dirty=True) == {"tag-and-version": "error", "dirty-build": "warning"}
    git(tmp_path, "tag", "--delete", "v1.0")
    assert found(second) == {"no-tag": "note"}
