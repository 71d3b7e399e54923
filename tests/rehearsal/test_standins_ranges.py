"""Version ranges and file patterns as the actions read them, and the interpreters that a job gets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from packaging.version import Version

from pypi_runbook.rehearsal.running import StepError
from pypi_runbook.rehearsal.standins.globs import find_files, read_patterns, search_paths
from pypi_runbook.rehearsal.standins.interpreters import Interpreter, interpreters
from pypi_runbook.rehearsal.standins.ranges import exists, github_choice, read_range
from pypi_runbook.rehearsal.standins.toolcache import make_python
from pypi_runbook.rules.sample import make_wheel

HERE = Version(".".join(map(str, sys.version_info[:3])))


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("3.11", "3.11.7", "3.12.0"),
        ("3.x", "3.8.1", "4.0.0"),
        ("*", "2.7.18", None),
        (">=3.11", "3.11.0", "3.10.9"),
        (">3.11", "3.12.0", "3.11.9"),
        ("<=3.11", "3.11.9", "3.12.0"),
        (">=3.9 <3.12", "3.11.9", "3.12.0"),
        (">= 3.9", "3.9.0", "3.8.9"),
        ("^3.9", "3.14.1", "3.8.1"),
        ("~3.9", "3.9.18", "3.10.0"),
        ("3.9 - 3.11", "3.11.9", "3.12.0"),
        ("3.9 || 3.11", "3.11.1", "3.10.1"),
        ("3.11.4", "3.11.4", "3.11.5"),
        ("~3.13.0-0", "3.13.0rc1", "3.14.0rc1"),
        ("3.13", "3.13.1", "3.13.0rc1"),
    ],
)
def test_ranges_are_npms(text: str, inside: str, outside: str | None) -> None:
    """A range holds what npm's semver holds; pre-releases only where the range names one."""
    wanted = read_range(text)
    assert wanted
    assert Version(inside) in wanted
    assert outside is None or Version(outside) not in wanted


@pytest.mark.parametrize("text", ["foo", ">=3.9,<3.12", "3.1.2.3", "3..1"])
def test_what_is_no_range(text: str) -> None:
    """What npm's semver cannot read is no range, so the action finds no version."""
    assert read_range(text) is None


def test_githubs_versions() -> None:
    """Versions that the runners never had do not exist; a patch release newer than the list may."""
    choice = github_choice(read_range("3.11") or pytest.fail("no range"))
    assert choice
    assert (choice.major, choice.minor) == (3, 11)
    assert github_choice(read_range("3.7") or pytest.fail("no range")) is None
    assert not exists(Version("3.7.16"))
    assert not exists(Version("3.11.99"))
    assert exists(Version(f"3.11.{choice.micro + 1}"))


@pytest.mark.parametrize(
    ("text", "hidden", "found"),
    [
        ("dist", False, ["dist/a.whl", "dist/b.tar.gz", "dist/deep/c.whl"]),
        ("dist/", False, ["dist/a.whl", "dist/b.tar.gz", "dist/deep/c.whl"]),
        ("dist/*.whl", False, ["dist/a.whl"]),
        ("**/*.whl", False, ["dist/a.whl", "dist/deep/c.whl"]),
        ("dist/*", False, ["dist/a.whl", "dist/b.tar.gz", "dist/deep/c.whl"]),
        ("dist\n!dist/deep", False, ["dist/a.whl", "dist/b.tar.gz"]),
        ("dist\n!dist/*.whl\ndist/a.whl", False, ["dist/a.whl", "dist/b.tar.gz", "dist/deep/c.whl"]),
        ("./dist/[ab].*", False, ["dist/a.whl", "dist/b.tar.gz"]),
        ("dist/?.whl\n# nothing\n\nREADME", False, ["README", "dist/a.whl"]),
        (".hidden", False, []),
        (".hidden", True, [".hidden/x"]),
        ("dist/deep", False, ["dist/deep/c.whl"]),
        ("dist/.dot", False, []),
        ("nothing", False, []),
    ],
)
def test_patterns_are_the_toolkits(tmp_path: Path, text: str, hidden: bool, found: list[str]) -> None:
    """Folders mean all in them, later lines add and take away, names with a dot in front need a word."""
    for name in ("dist/a.whl", "dist/b.tar.gz", "dist/.dot", "dist/deep/c.whl", ".hidden/x", "README"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    files = find_files(read_patterns(text, tmp_path, tmp_path), hidden=hidden)
    assert sorted(str(file.relative_to(tmp_path)) for file in files) == found


def test_home_absolute_and_forbidden_patterns(tmp_path: Path) -> None:
    """`~` is the job's HOME, an absolute path stays, and the toolkit takes no `..`."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "x").touch()
    patterns = read_patterns(f"~/x\n{tmp_path}/home/*", tmp_path / "elsewhere", tmp_path / "home")
    assert search_paths(patterns) == [tmp_path / "home"]
    assert find_files(patterns, hidden=False) == [tmp_path / "home" / "x"]
    for text in ("../x", "a/./b", "!"):
        with pytest.raises(StepError, match=r"not allowed|cannot be empty"):
            read_patterns(text, tmp_path, tmp_path)


def test_links_that_lead_back_end(tmp_path: Path) -> None:
    """A link to a folder above it is not followed for ever."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").touch()
    (tmp_path / "a" / "back").symlink_to(tmp_path / "a")
    assert find_files(read_patterns("a", tmp_path, tmp_path), hidden=False) == [tmp_path / "a" / "file"]


def test_python_of_its_own(tmp_path: Path) -> None:
    """A job's Python is no virtual environment, has pip, and keeps what is installed, also for the user, away from the machine."""
    interpreter = next(each for each in interpreters() if each.version == HERE)
    python = make_python(interpreter, tmp_path / "python")
    probe = "import sys, site, pip; print(sys.prefix == sys.base_prefix, sys.prefix, *site.getsitepackages(), pip.__file__)"
    done = subprocess.run([python, "-c", probe], capture_output=True, text=True, check=True, env={"HOME": str(tmp_path), "PATH": ""})
    same, *places = done.stdout.split()
    assert same == "True"
    assert all(place.startswith(str(tmp_path)) for place in places)
    wheel = make_wheel(tmp_path, "thing")
    install = [str(tmp_path / "python/bin/pip"), "install", "--quiet", "--no-index", "--no-deps", "--user", str(wheel)]
    subprocess.run(install, check=True, env={"HOME": str(tmp_path / "home"), "PATH": ""})
    assert list((tmp_path / "home" / ".local").rglob("thing.py"))


def test_interpreter_that_does_not_start(tmp_path: Path) -> None:
    """An interpreter that is broken is said to be so."""
    broken = tmp_path / "python3"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(Exception, match=r"the Python 3\.11\.1 of this machine .* does not start"):
        make_python(Interpreter(broken, Version("3.11.1")), tmp_path / "python")
