"""Install a release from an index into an environment that is thrown away, and import it there."""

from __future__ import annotations

from pypi_runbook.errors import RunbookError
from pypi_runbook.manual.clean import Clean
from pypi_runbook.manual.files import File
from pypi_runbook.manual.index import Index
from pypi_runbook.manual.release import Release
from pypi_runbook.project import read_project

PAGE = "troubleshooting/not-found-yet.md"


def install_from(release: Release, index: Index, files: list[File]) -> None:
    """Install FILES' release from INDEX into a clean environment and import it; RunbookError with the next step when that fails.

    What it depends on comes with the built file from the person's own index, because TestPyPI does not have it; then the package
    itself, and nothing else, is replaced by what INDEX serves.
    """
    built = min(files, key=lambda file: file.kind != "wheel")
    room = Clean.complete(release, built)
    if room is None:
        raise _failed(f"{built.shown} cannot be installed with what it depends on")
    served = ["--no-cache-dir", "--no-deps", "--force-reinstall", "--index-url", index.site.simple_url, f"{built.name}=={built.version}"]
    if not room.install("--quiet", *served):
        raise _failed(f"pip cannot install {built.name} {built.version} from {index.title}")
    for name in _import_names(release):
        answer = room.ask("python", "-I", "-c", f"import {name}")
        if answer.status != 0:
            raise _failed(f"{name} cannot be imported after the installation: {answer.last}")


def _failed(failure: str) -> RunbookError:
    advice = "read the last lines above; if pip does not find the version, wait ten minutes and verify again; do not upload again"
    return RunbookError("not-installable", failure, next=advice, page=PAGE, status=1)


def _import_names(release: Release) -> list[str]:
    try:
        return read_project(release.root).project.import_names
    except RunbookError:
        return []
