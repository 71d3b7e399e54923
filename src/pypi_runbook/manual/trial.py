"""Install a release from an index into an environment that is thrown away, and import it there."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from pathlib import Path

from pypi_runbook.errors import RunbookError
from pypi_runbook.manual.files import File
from pypi_runbook.manual.index import Index
from pypi_runbook.manual.release import Release
from pypi_runbook.manual.tools import python, run_bare
from pypi_runbook.project import read_project

PAGE = "troubleshooting/not-found-yet.md"


def install_from(release: Release, index: Index, files: list[File]) -> None:
    """Install FILES' release from INDEX into a clean environment and import it; RunbookError with the next step when that fails.

    What it depends on comes with the built file from the person's own index, because TestPyPI does not have it; then the package
    itself, and nothing else, is replaced by what INDEX serves.
    """
    built = min(files, key=lambda file: file.kind != "wheel")
    with tempfile.TemporaryDirectory(prefix="pypi-runbook-", ignore_cleanup_errors=True) as folder:
        clean = Path(folder, "clean")
        _run(release, [python(), "-m", "venv", *_without_pip(), str(clean)], "no clean environment could be made")
        pip = [*_pip(clean), "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
        _run(release, [*pip, built.shown], f"{built.shown} cannot be installed with what it depends on")
        served = ["--no-cache-dir", "--no-deps", "--force-reinstall", "--index-url", index.site.simple_url, f"{built.name}=={built.version}"]
        _run(release, [*pip, *served], f"pip cannot install {built.name} {built.version} from {index.title}")
        for name in _import_names(release):
            _run(release, [str(_program(clean, "python")), "-I", "-c", f"import {name}"], f"{name} cannot be imported after the installation")


def _run(release: Release, command: list[str], failure: str) -> None:
    if status := run_bare(command, release.root):
        advice = "read the last lines above; if pip does not find the version, wait ten minutes and verify again; do not upload again"
        raise RunbookError("not-installable", f"{failure} (status {status})", next=advice, page=PAGE, status=1)


def _without_pip() -> list[str]:
    # Our own pip serves any environment, which saves most of the time that making one takes.
    return ["--without-pip"] if importlib.util.find_spec("pip") else []


def _pip(clean: Path) -> list[str]:
    return [python(), "-m", "pip", "--python", str(clean)] if _without_pip() else [str(_program(clean, "python")), "-m", "pip"]


def _program(clean: Path, name: str) -> Path:
    return clean / ("Scripts" if os.name == "nt" else "bin") / name


def _import_names(release: Release) -> list[str]:
    try:
        return read_project(release.root).project.import_names
    except RunbookError:
        return []
