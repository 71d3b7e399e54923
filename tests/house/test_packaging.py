"""What the sdist and the wheel of this project hold, and that the wheel works by itself."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def tracked(*folders: str) -> set[str]:
    """Return the files below FOLDERS that a distribution is made from: tracked ones and new ones, nothing ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *folders]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {name for name in listing.splitlines() if (ROOT / name).is_file()}


@pytest.fixture(name="built", scope="module")
def _built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist, and the wheel from the sdist, with the locked backend and without a network."""
    target = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(target), str(ROOT)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not result.returncode, result.stdout + result.stderr
    return target


def test_the_wheel_holds_the_library_and_the_pages_and_nothing_else(built: Path) -> None:
    """Every file of the package and every page is there under its place; no test, no cache, no local file is."""
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    library = {name.removeprefix("src/") for name in tracked("src")}
    assert names == library | {f"pypi_runbook/guide/{name}" for name in tracked("docs")}


def test_the_sdist_holds_what_the_wheel_is_built_from(built: Path) -> None:
    """The sdist carries library, pages, metadata and licences, in one folder with the normalised name."""
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = set(archive.getnames())
    wanted = tracked("src", "docs") | {"LICENSE", "NOTICE", "PKG-INFO", "README.md", "pyproject.toml"}
    assert names == {f"pypi_runbook-0.1.0/{name}" for name in wanted}


def test_the_wheel_answers_without_the_checkout(built: Path, tmp_path: Path) -> None:
    """From the wheel alone, `show` says what this repository's files say."""
    (wheel,) = built.glob("*.whl")
    shutil.unpack_archive(wheel, tmp_path, format="zip")
    code = "import sys, pypi_runbook.cli as cli; print(cli.__file__, file=sys.stderr); cli.main()"
    command = [sys.executable, "-c", code, "show", "--project", str(ROOT)]
    result = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert result.stderr.startswith(str(tmp_path))
    assert result.returncode == 0, result.stderr
    assert "pypi-runbook" in result.stdout
