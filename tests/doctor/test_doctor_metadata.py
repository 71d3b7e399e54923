"""The practices of metadata, PyPI's own rules on them, tables, Pythons and contents: one thing broken, one finding at its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from doctor_bench import PYPROJECT, Changes, committed, look, places, write

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.contents import check_contents
from pypi_runbook.doctor.metadata import check_metadata_practices
from pypi_runbook.doctor.pythons import check_pythons
from pypi_runbook.doctor.refused import check_refused
from pypi_runbook.doctor.tables import check_tables
from pypi_runbook.project import read_project

CHECKS = (check_refused, check_metadata_practices, check_pythons, check_tables, check_contents)
TOML = "pyproject.toml"


def line_of(words: str, text: str = PYPROJECT) -> int:
    """Return the line of TEXT that holds WORDS."""
    return next(number for number, line in enumerate(text.splitlines(), 1) if words in line)


def broken(folder: Path, changes: Changes) -> set[tuple[str, str | None, int | None]]:
    """Return what all checks of metadata find in the plain project with CHANGES."""
    write(folder, changes)
    checkup = Checkup(read_project(folder))
    return places(finding for check in CHECKS for finding in check(checkup))


def test_nothing_speaks_against_the_plain_project(tmp_path: Path) -> None:
    """Every finding below is its change's, not the project's."""
    assert broken(tmp_path, {}) == set()


# What is replaced in pyproject.toml, the finding, and the text in whose line it stands after the change.
@pytest.mark.parametrize(
    ("before", "after", "id_", "at"),
    [
        ('version = "1.2.0"', 'version = "1.2.x"', "version-invalid", 'version = "1.2.x"'),
        ('version = "1.2.0"', 'version = "1.2.0+cu12"', "local-version", "+cu12"),
        ('version = "1.2.0"', 'version = "0.0.0"', "version-zero", "0.0.0"),
        ('description = "Nothing speaks against it"\n', "", "no-description", "[project]"),
        ('"Nothing speaks against it"', '"' + "x" * 513 + '"', "summary-length", "xxx"),
        ('"Nothing speaks against it"', '"Add your description here"', "description-unfilled", "Add your"),
        ('readme = "README.md"\n', "", "no-readme", "[project]"),
        ('readme = "README.md"', 'readme = "READ.md"', "readme-missing", "READ.md"),
        ('requires-python = ">=3.11"\n', "", "no-requires-python", "[project]"),
        ('">=3.11"', '">=3.11,<4"', "requires-python-capped", "<4"),
        ('">=3.11"', '">=3.12"', "classifier-contradicts", "Python :: 3.11"),
        ('license = "MIT"\n', "", "no-license", "[project]"),
        ('license = "MIT"', 'license = {text = "MIT"}', "license-table", "text ="),
        ('["LICENSE"]', '["LICENSE", "COPYRIGHT"]', "license-file-missing", "COPYRIGHT"),
        ('keywords = ["plain"]\n', "", "no-keywords", "[project]"),
        ('name = "Ada Lovelace"', 'name = "Your Name"', "author-unfilled", "Your Name"),
        ('    "Programming Language :: Python :: 3.12",', '    "License :: OSI Approved :: MIT License",', "license-classifier", "OSI"),
        ('    "Programming Language :: Python :: 3.12",', '    "Programming Language :: Snake",', "classifier-unknown", "Snake"),
        ('    "Programming Language :: Python :: 3.12",', '    "Private :: Do Not Upload",', "classifier-unknown", "Private"),
        ('    "Programming Language :: Python :: 3.12",', '    "Natural Language :: Ukranian",', "classifier-replaced", "Ukranian"),
        ('["packaging>=24"]', '["packaging @ https://example.org/p.whl"]', "direct-dependency", "packaging @"),
        ('["packaging>=24"]', '["packaging>=24"]\noptional-dependencies.x = ["a @ git+https://example.org/a"]', "direct-dependency", "git+"),
        ('Homepage = "https', 'Homepage = "http', "link-insecure", "http://"),
        ('Homepage = "https://github.com/example-org/plain"', 'Homepage = "ftp://github.com/x"', "url", "ftp"),
        ('Homepage = "https://github.com/example-org/plain"', 'Homepage = "http://localhost/x"', "link-unfilled", "localhost"),
        ("Homepage = ", '"A label that is longer than thirty-two characters" = ', "label-length", "thirty-two"),
        ("[build-system]", "[built-system]", "no-build-system", "[project]"),
        (">=3.12,<4", ">=3.12", "build-requirement-unbounded", "requires = "),
        ('requires = ["flit-core>=3.12,<4"]', "requires = []", "no-build-requires", "requires = "),
        ('build-backend = "flit_core.buildapi"\n', "", "no-build-backend", "[build-system]"),
        ('keywords = ["plain"]', 'keyword = ["plain"]', "key-unread", "keyword ="),
        ('keywords = ["plain"]', 'homepage = "https://github.com/x"', "key-unread", "homepage ="),
        ("[project.urls]", "[tool.project]", "table-unread", "[tool.project]"),
        ("[project.urls]", "[project-urls]", "table-unread", "[project-urls]"),
        ("[build-system]", "[built-system]", "table-unread", "[built-system]"),
        ('version = "1.2.0"', 'version = "1.2.0"\ndynamic = ["version"]', "pyproject-schema", "version ="),
    ],
)
def test_one_thing_broken(tmp_path: Path, before: str, after: str, id_: str, at: str) -> None:
    """The finding stands at the line that has to be changed."""
    found = broken(tmp_path, {TOML: (before, after)})
    assert (id_, TOML, line_of(at, (tmp_path / TOML).read_text())) in found


@pytest.mark.parametrize(
    ("changes", "id_", "file", "line"),
    [
        ({"README.md": " \n"}, "readme-empty", "README.md", None),
        ({TOML: ("README.md", "README.rst"), "README.rst": "Title\n===\n\n.. no-such::\n\n  `x\n"}, "description-content-type", "README.rst", None),
        ({TOML: ("README.md", "README"), "README": "Plain"}, "readme-type", "README", None),
        ({TOML: ('license-files = ["LICENSE"]\n', ""), "LICENSE": None}, "no-license-file", TOML, 7),
        ({"plain/__init__.py": '__version__ = "1.1.0"\n'}, "version-left-behind", "plain/__init__.py", 1),
        ({"plain/tests/test_it.py": ""}, "tests-in-wheel", TOML, 2),
    ],
)
def test_other_files(tmp_path: Path, changes: Changes, id_: str, file: str, line: int | None) -> None:
    """What stands in another file than pyproject.toml is found there."""
    assert (id_, file, line) in broken(tmp_path, changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"plain/__init__.py": '__version__ = "0.0.0"\n'},
        {"plain/__init__.py": '__version__ = "unknown"\n'},
        {"plain/__init__.py": '__version__ = "1.1.0+unknown"\n'},
        {"plain/__init__.py": '__version__ = "1.2"\n'},
        {"plain/__init__.py": "def broken(:\n"},
        {TOML: ('">=3.11"', '">=3.11.2"')},
    ],
)
def test_what_is_as_it_should_be(tmp_path: Path, changes: Changes) -> None:
    """A fallback that says that it does not know, a version written otherwise, a bound on a patch release: none is a fault."""
    assert broken(tmp_path, changes) == set()


@pytest.mark.parametrize(
    ("url", "explicit", "severity"),
    [
        ("https://test.pypi.org/legacy/", "", "warning"),
        ("https://packages.example.org/upload", "", "note"),
        ("https://test.pypi.org/legacy/", "explicit = true\n", None),
    ],
)
def test_index_that_is_there_to_publish_to(tmp_path: Path, url: str, explicit: str, severity: str | None) -> None:
    """Without `explicit` uv takes dependencies from it too, which matters most where anyone can upload."""
    index = f'[[tool.uv.index]]\nname = "t"\nurl = "https://test.pypi.org/simple/"\npublish-url = "{url}"\n{explicit}\n[build-system]'
    found = list(look(check_tables, write(tmp_path, {TOML: ("[build-system]", index)})))
    assert [(each.id, each.severity) for each in found] == ([("uv-index-not-explicit", severity)] if severity else [])
    assert all(each.line == line_of("publish-url", (tmp_path / TOML).read_text()) for each in found)


@pytest.mark.parametrize("inside", [True, False])
def test_license_that_is_a_link(tmp_path: Path, inside: bool) -> None:
    """A license file may be a link to a file of the repository, but not to one outside of it, which no clone has."""
    root = write(tmp_path / "root", {"LICENSE": None, "legal/MIT.txt": "MIT License\n"})
    (tmp_path / "MIT.txt").write_text("MIT License\n")
    (root / "LICENSE").symlink_to("legal/MIT.txt" if inside else "../MIT.txt")
    found = {finding.id for finding in look(check_metadata_practices, root)}
    assert found == (set() if inside else {"license-file-missing"})


def test_backend_in_the_repository_needs_nothing(tmp_path: Path) -> None:
    """A backend that builds itself has an empty `requires` and a `backend-path`."""
    changes: Changes = {TOML: ('requires = ["flit-core>=3.12,<4"]', 'requires = []\nbackend-path = ["backend"]')}
    assert broken(tmp_path, changes) == set()


def test_requires_python_against_the_workflow(tmp_path: Path) -> None:
    """The Python of a job that publishes has to be one that the project supports; the finding stands at the workflow's line."""
    step = "    steps:\n      - uses: actions/setup-python@v6\n        with:\n          python-version: '3.10'\n"
    changes: Changes = {".github/workflows/publish.yml": ("    steps:\n", step)}
    assert ("workflow-python", ".github/workflows/publish.yml", 15) in broken(tmp_path, changes)


def test_poetry_packages_that_are_not_there(tmp_path: Path) -> None:
    """What Poetry takes along has to be in git, unless a workflow makes it before the build."""
    table = '[tool.poetry]\npackages = [{ include = "plain" }]\ninclude = ["plain/made/**/*", "plain/other/*.json"]\n'
    build = {"requires": ("[build-system]", f"{table}\n[build-system]")}
    makes = "    steps:\n      - run: make plain/other\n"
    write(tmp_path, {TOML: build["requires"], ".gitignore": "plain/made/\n", ".github/workflows/publish.yml": ("    steps:\n", makes)})
    committed(tmp_path)
    (finding,) = [each for each in look(check_contents, tmp_path) if each.id == "include-matches-nothing"]
    assert finding.line == line_of("include = [", (tmp_path / TOML).read_text().replace("{ include", ""))
    assert "plain/made/**/*" in finding.message
    assert "git ignores it" in finding.message


def test_tables_that_disagree(tmp_path: Path) -> None:
    """Where [project] and [tool.poetry] both say a field, they have to say the same."""
    table = '[tool.poetry]\nname = "Plain"\nversion = "1.1.0"\nreadme = "README.md"\n\n[build-system]'
    found = broken(tmp_path, {TOML: ("[build-system]", table)})
    assert found == {("tables-disagree", TOML, line_of('version = "1.1.0"', (tmp_path / TOML).read_text()))}


@pytest.mark.parametrize("check", CHECKS)
def test_further_distributions_are_examined(tmp_path: Path, check: Callable[[Checkup], object]) -> None:
    """A second distribution's findings name its own file."""
    text = '[project]\nname = "second"\nversion = "1+x"\nclassifiers = ["Nothing :: Known"]\n'
    write(tmp_path, {"packages/second/pyproject.toml": text})
    assert ("local-version", "packages/second/pyproject.toml", 3) in places(look(check_refused, tmp_path))
    assert read_project(tmp_path).projects
    check(Checkup(read_project(tmp_path)))
