"""Metadata from each of its places: [project], [tool.poetry], both, setup.cfg, a literal elsewhere, nowhere."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from pypi_runbook.errors import RunbookError
from pypi_runbook.project import Facts, read_project
from pypi_runbook.project.poetry import requirements, specifier

PROJECTS = Path(__file__).resolve().parents[1] / "projects"


def reasons(facts: Facts) -> dict[str, str]:
    """Return what is unknown, with its reason."""
    return {item.path: item.reason for item in facts.unknown}


def project(folder: Path, pyproject: str, files: dict[str, str] | None = None) -> Facts:
    """Return the facts of a project that is made of these texts."""
    (folder / "pyproject.toml").write_text(pyproject)
    for name, text in (files or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return read_project(folder)


def test_project_speaks_before_poetry() -> None:
    """With both tables [project] wins, and [tool.poetry] adds what [project] leaves open."""
    facts = read_project(PROJECTS / "both-tables")
    found = facts.project
    assert (found.name, found.version, found.version_dynamic) == ("both-tables", "3.2.1", False)
    assert (found.description, found.requires_python, found.license) == ("What [project] says", ">=3.12", "MIT")
    assert found.authors == ["Ada Lovelace <ada@example.invalid>", "Grace Hopper"]
    assert found.keywords == ["from", "poetry"]
    assert found.readme == "README.md"
    assert found.dependencies == ["click>=8", "rich ; python_version < '3.13'"]
    assert (facts.repository.owner, facts.repository.name, facts.repository.default_branch) == ("example-org", "both.tables", "trunk")
    assert facts.unknown == []


def test_every_field_knows_its_lines() -> None:
    """An excerpt can be cut from the file: each field's span holds what the field says."""
    for name in ("both-tables", "nautobot-ai-ops"):
        found = read_project(PROJECTS / name).project
        lines = (PROJECTS / name / found.file).read_text().splitlines()
        for field in ("name", "version", "description", "readme", "license", "keywords"):
            first, last = found.spans[field]
            value = getattr(found, field)
            text = "\n".join(lines[first - 1 : last])
            assert text.startswith(f"{field} = ")
            assert all(part in text for part in (value if isinstance(value, list) else [value]))
            assert found.lines[field] == first


def test_a_table_of_another_backend_counts_for_nothing(tmp_path: Path) -> None:
    """[tool.poetry] left behind by a move to hatch says nothing any more."""
    text = (
        '[project]\nname = "a"\nversion = "1"\n[tool.poetry]\ndescription = "old"\n[build-system]\nrequires = []\nbuild-backend = "hatchling.build"\n'
    )
    facts = project(tmp_path, text)
    assert facts.project.description is None
    assert reasons(facts)["project.description"] == "the metadata says no description"


def test_setup_cfg_alone() -> None:
    """setup.cfg gives the same fields; its version is read as a literal from the code, and setup.py is not run."""
    facts = read_project(PROJECTS / "setup-cfg-only")
    found = facts.project
    assert (found.name, found.version, found.version_dynamic, found.file) == ("setup-cfg-only", "0.9.3", True, "setup.cfg")
    assert found.authors == ["Ada Lovelace <ada@example.invalid>"]
    assert found.classifiers == ["Programming Language :: Python :: 3", "Operating System :: OS Independent"]
    assert found.urls == {
        "Homepage": "https://github.com/example-org/setup-cfg-only",
        "Tracker": "https://github.com/example-org/setup-cfg-only/issues",
    }
    assert found.dependencies == ["packaging>=24", 'tomli ; python_version < "3.11"']
    assert found.keywords == ["old", "way"]
    assert (found.lines["name"], found.lines["dependencies"]) == (2, 19)
    assert found.backend is None
    assert "setuptools" in reasons(facts)["project.backend"]


def test_no_metadata_at_all(tmp_path: Path) -> None:
    """Each value is null with its reason, and that is no error."""
    shutil.copytree(PROJECTS / "no-metadata", tmp_path / "project")
    facts = read_project(tmp_path / "project")
    assert facts.project.name is None
    assert facts.project.version is None
    assert reasons(facts)["project.version"] == "there is no pyproject.toml, setup.cfg or setup.py"
    nulls = {f"project.{name}" for name, value in vars(facts.project).items() if value is None}
    nulls |= {f"repository.{name}" for name, value in vars(facts.repository).items() if value is None}
    assert nulls <= set(reasons(facts))


def test_a_version_from_git_is_null_with_the_reason() -> None:
    """Only a run can tell a setuptools-scm version."""
    facts = read_project(PROJECTS / "dynamic-version")
    assert (facts.project.version, facts.project.version_dynamic) == (None, True)
    assert "git" in reasons(facts)["project.version"]
    assert "--ask-backend" in reasons(facts)["project.version"]


DYNAMIC = '[project]\nname = "a"\ndynamic = ["version"]\n[build-system]\nrequires = []\nbuild-backend = "{backend}"\n{more}'
ELSEWHERE = {
    "setuptools-attr": (
        "setuptools.build_meta",
        '[tool.setuptools.dynamic]\nversion = {attr = "a.about.version"}\n',
        {"src/a/about.py": 'version: str = "1.5"\n'},
    ),
    "hatch-path": ("hatchling.build", '[tool.hatch.version]\npath = "a/__init__.py"\n', {"a/__init__.py": 'VERSION = "1.5"\n'}),
    "flit": ("flit_core.buildapi", "", {"a.py": '"""Doc."""\n__version__ = "1.5"\n'}),
}


@pytest.mark.parametrize("case", ELSEWHERE)
def test_a_literal_elsewhere_is_read(tmp_path: Path, case: str) -> None:
    """A version that stands as a literal in the code is known without running it."""
    backend, more, files = ELSEWHERE[case]
    found = project(tmp_path, DYNAMIC.format(backend=backend, more=more), files).project
    assert (found.version, found.version_dynamic) == ("1.5", True)


@pytest.mark.parametrize("code", ['".".join(["1", "5"])', "VERSION", "None", '"not a version"'])
def test_a_computed_version_is_not_guessed(tmp_path: Path, code: str) -> None:
    """Code that computes the version, or says something that is no version, is not run and not believed."""
    more = '[tool.setuptools.dynamic]\nversion = {attr = "a.__version__"}\n'
    facts = project(tmp_path, DYNAMIC.format(backend="setuptools.build_meta", more=more), {"a/__init__.py": f"__version__ = {code}\n"})
    assert facts.project.version is None
    expected = "what should say it says 'not a version', which is no version" if "not" in code else "a/__init__.py computes it; --ask-backend runs it"
    assert reasons(facts)["project.version"] == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("^3.11", ">=3.11,<4.0"),
        ("^0.2.3", ">=0.2.3,<0.3"),
        ("^0.0.3", ">=0.0.3,<0.0.4"),
        ("^1.2.3", ">=1.2.3,<2.0"),
        ("~3.11", ">=3.11,<3.12"),
        ("~3", ">=3,<4.0"),
        ("3.*", "==3.*"),
        (">=3.11, <4", ">=3.11,<4"),
        (">= 3.11 < 4", ">=3.11,<4"),
        ("*", ""),
        ("1.2", "==1.2"),
        ("=1.2", "==1.2"),
        ("~=1.2", "~=1.2"),
        ("^3.11 || ^2.7", None),
        ("newest", None),
    ],
)
def test_poetry_constraints_become_specifiers(written: str, expected: str | None) -> None:
    """`^` and `~` mean what Poetry makes of them in a wheel's metadata; what PEP 440 cannot say is None."""
    assert specifier(written) == expected


def test_poetry_dependencies_become_requirements() -> None:
    """Tables, lists of tables, extras and markers; what only an extra asks for is left out."""
    written = {
        "python": "^3.11",
        "requests": {"version": "^2.0", "extras": ["socks"]},
        "tomli": {"version": "*", "markers": 'python_version < "3.11"'},
        "docs": {"version": "*", "optional": True},
        "own": {"git": "https://github.com/a/b.git"},
        "numpy": [{"version": "<2", "markers": "os_name == 'nt'"}, {"version": ">=2"}],
    }
    assert requirements(written) == [
        "requests[socks]>=2.0,<3.0",
        'tomli ; python_version < "3.11"',
        "own @ git+https://github.com/a/b.git",
        "numpy<2 ; os_name == 'nt'",
        "numpy>=2",
    ]


@pytest.mark.parametrize("has_git", [True, False])
def test_further_distributions_of_a_monorepo(tmp_path: Path, has_git: bool) -> None:
    """Every named pyproject.toml below the root is a distribution; specimens under tests/ are not."""
    if has_git:
        subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    for folder in ("packages/one", "packages/two", "tests/specimen", "tools"):
        (tmp_path / folder).mkdir(parents=True)
        name = folder.rsplit("/", 1)[-1]
        (tmp_path / folder / "pyproject.toml").write_text(f'[project]\nname = "{name}"\nversion = "1"\n' if name != "tools" else "[tool.ruff]\n")
    facts = read_project(tmp_path)
    assert [(other.name, other.file) for other in facts.projects] == [("one", "packages/one/pyproject.toml"), ("two", "packages/two/pyproject.toml")]
    assert "projects[0].license" in reasons(facts)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[project]\nname = ["a"]\n', 2),
        ('[project]\nname = "a"\nkeywords = "a, b"\n', 3),
        ('[project]\nname = "a"\n\n[project.urls]\nHomepage = "x"\n[tool.x]\n', None),
        ('[project]\nname = "a"\nurls = "x"\n', 3),
        ('[project]\nname = "a"\ndependencies = "click"\n', 3),
    ],
)
def test_a_wrong_kind_of_value_is_named_with_its_line(tmp_path: Path, text: str, line: int | None) -> None:
    """A list where a string belongs is an error at that line, not a guess."""
    if line is None:
        assert project(tmp_path, text).project.urls == {"Homepage": "x"}
        return
    with pytest.raises(RunbookError) as caught:
        project(tmp_path, text)
    assert (caught.value.id, caught.value.file, caught.value.line) == ("wrong-type", "pyproject.toml", line)
