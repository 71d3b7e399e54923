"""The wheel built once more, from the sdist, for files that did not come from one build of ours."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

from pypi_runbook.finding import Finding
from pypi_runbook.manual.files import File, parse
from pypi_runbook.manual.pins import options
from pypi_runbook.manual.release import PAGE, Release
from pypi_runbook.manual.tools import python, run_bare
from pypi_runbook.project.git import git
from pypi_runbook.rules.compare import listing, payload
from pypi_runbook.rules.contents import members


def rebuild(release: Release, sdist: File, wheels: list[File], folder: Path) -> tuple[str, list[Finding]]:
    """Build a wheel from SDIST in FOLDER, compare it with those of WHEELS, and return what came of it; it stays in FOLDER/dist."""
    folder.mkdir()
    with tarfile.open(sdist.path) as archive:
        archive.extractall(folder / "source", filter="data")
    source = next((folder / "source").iterdir())
    lock = release.root / "poetry.lock"
    if lock.is_file() and not (source / "poetry.lock").exists():
        shutil.copy(lock, source)
    seconds = git(release.root, "log", "-1", "--format=%ct")
    command = [python(), "-m", "build", "--wheel", "--outdir", str(folder / "dist"), *options(source, folder), str(source)]
    if run_bare(command, folder, {"SOURCE_DATE_EPOCH": seconds} if seconds else {}, folder):
        fix = "read the last lines above; whoever cannot use a wheel installs from the sdist"
        return "does not build", [Finding("sdist-does-not-build", "error", "no wheel can be built from it", sdist.shown, None, fix, PAGE)]
    built = [file for path in sorted((folder / "dist").iterdir()) if (file := parse(path))]
    return _compared(built[0], sdist, wheels)


def _compared(built: File, sdist: File, wheels: list[File]) -> tuple[str, list[Finding]]:
    same = next((wheel for wheel in wheels if wheel.path.name == built.path.name), None)
    if same is None:
        return f"builds {built.path.name}", []
    if same.sha256() == built.sha256():
        return "the same bytes", []
    ours, theirs = dict(members(built.path, built.shown)), dict(members(same.path, same.shown))
    paths = set(payload(ours)) | set(payload(theirs))
    if differing := [path for path in paths if ours.get(path) != theirs.get(path)]:
        message = f"the wheel that it builds into differs from the one in dist/: {listing(differing)}"
        return "another wheel", [Finding("rebuilt-wheel-differs", "warning", message, sdist.shown, None, "build both anew, in one go", PAGE)]
    return "the same files, packed otherwise", []
