"""Build the sdist, and the wheel from that sdist, into a `dist/` that holds nothing else."""

from __future__ import annotations

import os
import shutil
import tarfile
import time
import tomllib
from datetime import UTC, datetime
from pathlib import Path

from pypi_runbook.errors import RunbookError
from pypi_runbook.manual.files import File, require
from pypi_runbook.manual.manifest import Listed, Manifest, remove_manifest, write_manifest
from pypi_runbook.manual.release import PAGE, Release, open_state
from pypi_runbook.manual.tools import python, run, say
from pypi_runbook.project.git import git

GROUP = "backend"


def build(release: Release) -> list[File]:
    """Run `python -m build` and return the files that now lie in `dist/`.

    What was in `dist/` is moved aside before the build, so that a failed build leaves nothing to upload; the new files arrive together.
    RunbookError when the build fails, or when its files are not this release.
    """
    state = open_state(release)
    remove_manifest(release)
    move_aside(release, state)
    out = state / "building"
    shutil.rmtree(out, ignore_errors=True)
    _warn_of_changes(release)
    command = [python(), "-m", "build", "--outdir", str(out.relative_to(release.root)), *constraints(release, state)]
    if status := run(command, release.root, epoch(release)):
        raise _failed(status)
    _refuse_own_state(out)
    out.rename(release.dist)
    files = require(release)
    write_manifest(release, describe(release, files))
    return files


def describe(release: Release, files: list[File]) -> Manifest:
    """Return the manifest of FILES, which were built from the folder as it is."""
    commit, tags = git(release.root, "rev-parse", "HEAD"), git(release.root, "tag", "--points-at", "HEAD")
    dirty = bool(git(release.root, "status", "--porcelain", "--", "."))
    built = datetime.now(UTC).isoformat(timespec="seconds")
    listed = tuple(map(Listed.of, files))
    return Manifest(files[0].name, str(files[0].version), commit, (tags or "").split("\n")[0] or None, dirty, built, "build", {}, listed)


def move_aside(release: Release, state: Path) -> Path | None:
    """Move `dist/` into STATE under a name that says when; return where it went, or None when there was nothing."""
    if not release.dist.is_dir() or not any(release.dist.iterdir()):
        shutil.rmtree(release.dist, ignore_errors=True)
        return None
    stamp = time.strftime("dist-%Y%m%dT%H%M%SZ", time.gmtime())
    names = [stamp, *(f"{stamp}-{number}" for number in range(2, 100))]
    target = next(state / name for name in names if not (state / name).exists())
    release.dist.rename(target)
    say(f"What was in dist/ is now in {target.relative_to(release.root)}/")
    return target


def epoch(release: Release) -> dict[str, str]:
    """Return SOURCE_DATE_EPOCH as the commit's time, so that everyone who builds this commit gets the same bytes."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return {"SOURCE_DATE_EPOCH": given}
    if seconds := git(release.root, "log", "-1", "--format=%ct"):
        return {"SOURCE_DATE_EPOCH": seconds}
    say("note: there is no commit here, so a second build may give other bytes")
    return {}


def constraints(release: Release, state: Path) -> list[str]:
    """Return the option that pins what the build backend is built from, when `poetry.lock` has the group `backend`."""
    if not (lines := locked(release.root / "poetry.lock")):
        return []
    listing = state / "build-constraints.txt"
    listing.write_text("\n".join(lines) + "\n")
    return ["--dependency-constraints-txt", str(listing.relative_to(release.root))]


def locked(lock: Path) -> list[str]:
    """Return a pin for each distribution that LOCK holds in the group `backend`.

    Versions without hashes: pip refuses hashed constraints for a requirement that is itself a range, which build requirements are.
    """
    if not lock.is_file():
        return []
    packages = tomllib.loads(lock.read_text(encoding="utf-8")).get("package", [])
    return [f"{package['name']}=={package['version']}" for package in packages if GROUP in package.get("groups", [])]


def _warn_of_changes(release: Release) -> None:
    changes = git(release.root, "status", "--porcelain", "--", ".")
    if changes:
        say(f"note: these files are not as the commit has them, and are built as they are:\n{changes}")


def _refuse_own_state(out: Path) -> None:
    # Some backends take every file that the project's own .gitignore does not name, earlier builds in our folder included.
    for sdist in out.glob("*.tar.gz"):
        with tarfile.open(sdist) as archive:
            if any("/.pypi-runbook/" in name for name in archive.getnames()):
                advice = "add the line .pypi-runbook/ to .gitignore and build again"
                raise RunbookError("state-in-sdist", "the sdist took in the folder .pypi-runbook/", ".gitignore", None, advice, PAGE)


def _failed(status: int) -> RunbookError:
    message = f"python -m build ended with status {status}; dist/ is empty, so nothing can be uploaded by mistake"
    return RunbookError("build-failed", message, next="read the last lines above; the backend says what it lacks", page="troubleshooting/index.md")
