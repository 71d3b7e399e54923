"""scripts/environment.py: which lines of the lock are installed, and what it does when it cannot go on."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(name="environment")
def _environment() -> ModuleType:
    """Load the helper as a module of its own, so that a test may point it elsewhere."""
    spec = importlib.util.spec_from_file_location("environment_under_test", ROOT / "scripts" / "environment.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(name="checkout")
def _checkout(tmp_path: Path) -> Path:
    """Make a project with the real scripts and a lock that names nothing, so that it needs no network."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "nothing"\nversion = "1"\n')
    (tmp_path / "poetry.lock").write_text("package = []\n")
    return tmp_path


def ensure(checkout: Path, *parts: str) -> subprocess.CompletedProcess[str]:
    """Ask the checkout's own helper for an environment with PARTS."""
    code = f"import environment; environment.ensure({list(parts)!r})"
    return subprocess.run([sys.executable, "-c", code], cwd=checkout / "scripts", capture_output=True, text=True, check=False)


def test_a_requirement_has_every_hash_and_its_marker(environment: ModuleType) -> None:
    """pip gets the version, the condition and all hashes of a distribution."""
    package = {"name": "a", "version": "1", "groups": ["main"], "markers": 'os_name == "nt"', "files": [{"hash": "sha256:0"}, {"hash": "sha256:1"}]}
    assert list(environment.lines_for(package, {"main"})) == ['a==1 ; (os_name == "nt") --hash=sha256:0 --hash=sha256:1']


def test_a_group_that_nobody_asked_for_is_left_out(environment: ModuleType) -> None:
    """Each script installs only what it needs."""
    assert not list(environment.lines_for({"name": "a", "version": "1", "groups": ["lock"], "files": []}, {"main", "lint"}))


def test_one_of_several_groups_without_a_marker_decides(environment: ModuleType) -> None:
    """A distribution that one group wants everywhere is installed everywhere."""
    package = {"name": "a", "version": "1", "groups": ["main", "lint"], "markers": {"main": 'os_name == "nt"'}, "files": []}
    assert list(environment.lines_for(package, {"main", "lint"})) == ["a==1 "]
    assert list(environment.lines_for(package, {"main"})) == ['a==1 ; (os_name == "nt") ']


def test_extras_are_decided_by_what_the_script_named(environment: ModuleType) -> None:
    """A requirements file knows no extras, so they are true or false before pip reads them."""
    marker = 'extra == "twin" or extra == "all"'
    assert environment.decide_extras(marker, {"twin"}) == 'python_version > "0" or python_version < "0"'


def test_an_unknown_part_is_named(checkout: Path) -> None:
    """A misspelt group ends with the list of those that exist, and makes nothing."""
    result = ensure(checkout, "tets")
    assert result.returncode == 2
    assert "tets" in result.stderr
    assert "choose from" in result.stderr
    assert not (checkout / ".venv").exists()


def test_a_half_made_environment_is_not_trusted(checkout: Path) -> None:
    """Without its record .venv is made anew; a step that fails says what to do and leaves no record for the next run."""
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "half-written").touch()
    result = ensure(checkout)  # the lock here has no build backend, so the last step fails
    assert "Setting up .venv" in result.stderr
    assert not (checkout / ".venv" / "half-written").exists()
    assert result.returncode == 2
    assert "next: check the network" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (checkout / ".venv" / "pypi-runbook.sha256").exists()


def test_a_changed_lock_and_changed_metadata_are_noticed(environment: ModuleType, checkout: Path) -> None:
    """A new lock makes a new environment; new metadata only installs the project itself again."""
    vars(environment).update(ROOT=checkout, PROJECT=checkout / "installed")
    (checkout / "installed").write_text(environment.metadata_key())
    first = environment.key()
    assert environment.current()
    (checkout / "pyproject.toml").write_text("[project]\n")
    assert environment.key() == first
    assert not environment.current()
    (checkout / "poetry.lock").write_text("package = [ ]\n")
    assert environment.key() != first


def test_an_old_python_is_refused_in_words(checkout: Path) -> None:
    """Python 3.10 gets a sentence and status 2, not an import error or a traceback."""
    code = "import sys; sys.version_info = (3, 10, 4); sys.modules['tomllib'] = None; import environment"
    result = subprocess.run([sys.executable, "-c", code], cwd=checkout / "scripts", capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stderr.startswith("error: Python 3.11 or newer is needed")
    assert "Traceback" not in result.stderr


def test_every_script_is_thin_and_executable() -> None:
    """A script is 5 to 25 lines; what it does lives in the library."""
    scripts = [path for path in (ROOT / "scripts").iterdir() if path.is_file() and path.suffix == ""]
    assert len(scripts) >= 4
    for path in scripts:
        assert os.access(path, os.X_OK), path.name
        assert 5 <= len(path.read_text().splitlines()) <= 35, path.name
