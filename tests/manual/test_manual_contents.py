"""What is found inside built files, case by case, without building any."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pypi_runbook.manual.files import inspect
from pypi_runbook.manual.hygiene import clean, places_here, stray
from pypi_runbook.manual.readme import read
from pypi_runbook.manual.release import at
from pypi_runbook.manual.tryout import console_scripts, import_names
from pypi_runbook.rules.compare import Inside, compare, expected
from pypi_runbook.rules.contents import blob
from pypi_runbook.secrets import mask, secret_in

METADATA = b"Metadata-Version: 2.4\nName: a\nVersion: 1\n"
SDIST = {
    "PKG-INFO": METADATA,
    "pyproject.toml": b"[project]\n",
    "src/a/__init__.py": b"one\n",
    "src/a/b/__init__.py": b"two\n",
    "src/a/data.json": b"{}",
}
WHEEL = {"a/__init__.py": b"one\n", "a/b/__init__.py": b"two\n", "a/data.json": b"{}", "a-1.dist-info/METADATA": METADATA}
TRACKED = {path: blob(content) for path, content in SDIST.items() if path != "PKG-INFO"} | {
    "src/a/tests/test_a.py": "0",
    "LICENSE": "1",
    ".gitignore": "2",
}


def ids(sdist: dict[str, bytes], wheel: dict[str, bytes], tracked: dict[str, str] | None = None) -> set[str]:
    """Return the ids of what is found between the three."""
    inside = Inside(Path(), sdist, {"a.whl": wheel}, TRACKED if tracked is None else tracked)
    return {finding.id for finding in compare(inside, {"sdist": "dist/a.tar.gz", "a.whl": "dist/a.whl"}, "error")}


def without(contents: dict[str, bytes], *paths: str) -> dict[str, bytes]:
    """Return CONTENTS without PATHS."""
    return {path: content for path, content in contents.items() if path not in paths}


def test_files_that_agree() -> None:
    """A licence that the sdist lacks is all that there is to say; tests inside the package may stay away."""
    assert ids(SDIST, WHEEL) == {"missing-from-sdist"}
    assert ids(SDIST | {"LICENSE": b""}, WHEEL, TRACKED | {"LICENSE": blob(b"")}) == set()


@pytest.mark.parametrize(
    ("sdist", "wheel", "wanted"),
    [
        (SDIST, without(WHEEL, "a/b/__init__.py"), "missing-modules"),
        (SDIST, without(WHEEL, "a/data.json"), "missing-from-wheel"),
        (SDIST, WHEEL | {"a/__init__.py": b"other"}, "wheel-and-sdist-differ"),
        (SDIST, WHEEL | {"a/new.py": b"new"}, "not-in-sdist"),
        (SDIST | {"notes.txt": b"mine"}, WHEEL, "not-in-git"),
        (without(SDIST, "pyproject.toml"), WHEEL, "missing-from-sdist"),
        (SDIST | {"PKG-INFO": METADATA + b"Requires-Dist: x\n"}, WHEEL, "metadata-differ"),
        (SDIST | {"PKG-INFO": METADATA.replace(b"Version: 1", b"Version: 1.dev2")}, WHEEL, "versions-differ"),
    ],
)
def test_files_that_do_not(sdist: dict[str, bytes], wheel: dict[str, bytes], wanted: str) -> None:
    """Each way in which wheel, sdist and commit can differ has its own finding."""
    assert wanted in ids(sdist, wheel)


def test_what_a_build_makes_is_no_difference() -> None:
    """A compiled module, and the file into which version tools write, may be in the wheel alone."""
    tracked = TRACKED | {"LICENSE": blob(b"")}
    assert ids(SDIST | {"LICENSE": b""}, WHEEL | {"a/_fast.cpython-311-x86_64-linux-gnu.so": b"elf", "a/_version.py": b"1"}, tracked) == set()


def test_compiled_module_in_a_wheel_for_any_platform() -> None:
    """The name of the wheel decides where it is installed."""
    names = {name: WHEEL | {"a/_fast.so": b"elf"} for name in ("a-1-py3-none-any.whl", "a-1-cp311-cp311-linux_x86_64.whl")}
    found = compare(Inside(Path(), wheels=dict(names)), {name: f"dist/{name}" for name in names}, "error")
    assert [(finding.id, finding.file) for finding in found] == [("native-in-any", "dist/a-1-py3-none-any.whl")]


@pytest.mark.parametrize(
    ("names", "id_"),
    [
        (("a-1.2.0.tar.gz", "a-1.2.1.dev0-py3-none-any.whl"), "versions-differ"),
        (("a-1.2.0.tar.gz", "a-1.1.0.tar.gz", "a-1.2.0-py3-none-any.whl"), "mixed-dist"),
    ],
)
def test_two_versions_in_dist(tmp_path: Path, names: tuple[str, ...], id_: str) -> None:
    """One sdist and one wheel of another version are called that; what was left of an older build asks for a new one."""
    (tmp_path / "dist").mkdir()
    for name in names:
        (tmp_path / "dist" / name).touch()
    (found,) = inspect(at(tmp_path))[1]
    assert found.id == id_
    assert ("the wheel is version 1.2.1.dev0 and the sdist is version 1.2.0" in found.message) == (id_ == "versions-differ")


@pytest.mark.parametrize(("code", "severity"), [(b'open("data.json")', "error"), (b"# the data of data.json", "warning")])
def test_missing_file_that_the_code_reads(code: bytes, severity: str) -> None:
    """A data file that is missing is worse where a module names it; that the sdist lacks it as well is said, and is the reason."""
    wheel = without(WHEEL, "a/data.json") | {"a/__init__.py": code}
    lacking = Inside(Path(), without(SDIST, "src/a/data.json"), {"a.whl": wheel}, TRACKED)
    for inside, also in ((lacking, True), (Inside(Path(), SDIST, {"a.whl": wheel}, TRACKED), False)):
        found = compare(inside, {"sdist": "dist/a.tar.gz", "a.whl": "dist/a.whl"}, "error")
        (missing,) = [finding for finding in found if finding.id == "missing-from-wheel"]
        assert (missing.severity, "; the sdist, which the wheel is built from, lacks it too" in missing.message) == (severity, also)
        assert "the commit has: src/a/data.json" in missing.message


def test_a_package_is_found_where_it_lies() -> None:
    """What belongs into the wheel is asked for at the package's own place in the repository, and nowhere else."""
    tracked = {"packages/one/a/__init__.py": "0", "packages/one/a/more.py": "0", "packages/two/a/other.py": "0", "a.md": "0"}
    assert expected({"a/__init__.py": b""}, tracked) == {
        "a/__init__.py": "packages/one/a/__init__.py",
        "a/more.py": "packages/one/a/more.py",
    }


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (".env", "private-file"),
        ("conf/.env.production", "private-file"),
        (".pypirc", "private-file"),
        ("keys/id_ed25519", "private-file"),
        ("server.key", "private-file"),
        ("a/__pycache__/x.cpython-311.pyc", "leftover"),
        (".pytest_cache/README.md", "leftover"),
        (".venv/pyvenv.cfg", "leftover"),
        ("dist/a-0.9.tar.gz", "leftover"),
        ("a/.DS_Store", "leftover"),
    ],
)
def test_files_that_must_not_travel(path: str, wanted: str) -> None:
    """They are known by their names."""
    assert [finding.id for finding in clean({path: b"x"}, "dist/a.whl", [])] == [wanted]


@pytest.mark.parametrize("path", [".env.example", "a/env.py", "a/keyring.py", "docs/.envelope", "a/cache/__init__.py", "a/venv.py", "a/data.tar"])
def test_files_that_may(path: str) -> None:
    """Names that only look alike are left alone."""
    assert clean({path: b"x"}, "dist/a.whl", []) == []


@pytest.mark.parametrize(
    "secret",
    [
        "pypi-AgEIcHlwaS5vcmc" + "C" * 60,
        "pypi-AgENdGVzdC5weXBpLm9yZw" + "C" * 60,
        "ghp_" + "a1" * 20,
        "AKIA" + "A1" * 8,
        "-----BEGIN OPENSSH " + "PRIVATE KEY-----",
    ],
)
def test_secrets_are_found_with_their_line(secret: str) -> None:
    """What begins as an issuer promised to keep it is found anywhere in a file, and the finding does not repeat it."""
    (finding,) = clean({"a/x.py": f"\n\nkey = '{secret}'\n".encode()}, "dist/a.whl", [])
    assert (finding.id, finding.severity) == ("secret", "error")
    assert "in its line 3" in finding.message
    assert secret not in json.dumps(finding.as_json())


@given(st.text(alphabet=st.characters(codec="ascii", categories=("L", "N", "P", "S")), min_size=50, max_size=120))
def test_no_token_survives_masking(rest: str) -> None:
    """Whatever surrounds a token, and in an address with a password, nothing of it is left in a text."""
    token = "pypi-AgEIcHlwaS5vcmc" + "Cx9_-" * 12
    masked = mask(f"{rest} {token}\n{rest}{token} https://user:{'Cx9' * 6}@host/")
    assert token not in masked
    assert "Cx9" not in masked.replace(rest, "")
    assert secret_in(masked.replace(rest, "").encode()) is None


def test_places_of_this_machine() -> None:
    """The project's own folder is told; a short HOME that stands in every second text is not."""
    places = places_here(Path("/srv/people/kim/project"))
    assert b"/srv/people/kim/project/" in places
    assert not [place for place in places if place.count(b"/") < 3]
    (finding,) = clean({"a/__init__.py": b"x = '/srv/people/kim/project/a'"}, "dist/a.whl", places)
    assert (finding.id, finding.severity) == ("local-path", "warning")


def test_top_levels_that_get_in_the_way() -> None:
    """A wheel that installs `tests` for everybody, and one that installs nothing."""
    assert [finding.id for finding in stray({"a/__init__.py": b"", "tests/__init__.py": b""}, "w")] == ["stray-top-level"]
    assert [finding.id for finding in stray({"a-1.dist-info/METADATA": b""}, "w")] == ["empty-wheel"]
    assert stray(WHEEL, "w") == []


def test_what_is_imported() -> None:
    """Top-level packages and modules, packages below a namespace, compiled modules; nothing from data, stubs or tests."""
    paths = ["a/__init__.py", "a/b/__init__.py", "ns/c/__init__.py", "ns/c/d/__init__.py", "one.py", "_fast.cpython-311-x86_64-linux-gnu.so"]
    others = ["a-1.dist-info/METADATA", "a-1.data/scripts/x.py", "tests/__init__.py", "stubs/x.pyi", "not-a-name/__init__.py"]
    assert import_names(dict.fromkeys([*paths, *others], b"")) == ["_fast", "a", "ns.c", "one"]


def test_commands_are_read_as_installers_read_them() -> None:
    """Names keep their case; a file that is none is no command."""
    assert console_scripts({"a-1.dist-info/entry_points.txt": b"[console_scripts]\nTiny = a:main\n[gui_scripts]\nx = a:gui\n"}) == ["Tiny"]
    assert console_scripts({"a-1.dist-info/entry_points.txt": b"\xff["}) == []


def test_links_that_lead_nowhere_on_an_index() -> None:
    """Links and pictures beside the README are named; whole addresses, anchors and code are not."""
    good = "[a](https://x/y) [b](#c) <img src='https://x'> `[c](d.md)`\n```\n[e](f.md)\n```\n"
    bad = "![p](docs/p.png) [q](CHANGES.md) <img src='logo.svg'>\n\n[r]: LICENSE\n"
    header = METADATA + b"Description-Content-Type: text/markdown\n\n"
    assert read(header + good.encode(), "w")[1] == []
    (finding,) = read(header + (good + bad).encode(), "w")[1]
    assert (finding.id, finding.severity) == ("relative-link", "warning")
    assert "CHANGES.md, LICENSE, docs/p.png, logo.svg" in finding.message
    assert [found.id for found in read(METADATA, "w")[1]] == ["no-description"]
