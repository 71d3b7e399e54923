"""What `dist/` holds, and the reasons for which it must not be uploaded as it is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

from pypi_runbook.errors import RunbookError
from pypi_runbook.manual.release import Release
from pypi_runbook.rules.compare import versions_differ

NOTHING = "troubleshooting/no-dists.md"
STALE = "troubleshooting/stale-dist.md"


@dataclass(frozen=True)
class File:
    """One distribution in `dist/`, known by its file name."""

    path: Path
    kind: str
    name: str
    version: Version

    @property
    def shown(self) -> str:
        """The path as a person types it in the project's folder."""
        return f"dist/{self.path.name}"

    def sha256(self) -> str:
        """Return the hash of the bytes that lie there now."""
        return self.sha256_of(self.path)

    @staticmethod
    def sha256_of(path: Path) -> str:
        """Return the sha256 of the file at PATH, whatever it is."""
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()


def require(release: Release) -> list[File]:
    """Return the files of a `dist/` that holds exactly RELEASE; otherwise raise the first problem."""
    files, problems = inspect(release)
    if problems:
        raise problems[0]
    return files


def inspect(release: Release) -> tuple[list[File], list[RunbookError]]:
    """Return the distributions in `dist/`, and every reason for which they must not be uploaded."""
    entries = _entries(release.dist)
    files = [file for entry in entries if (file := parse(entry))]
    foreign = [_foreign(release, entry) for entry in entries if not parse(entry)]
    if not files and not foreign:
        return [], [_empty(release)]
    return files, [*foreign, *_mixed(release, files), *_strange(release, files)]


def _entries(folder: Path) -> list[Path]:
    # Hidden files are nobody's upload: uv and hatch leave a .gitignore in dist/, and `dist/*` does not match it.
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith(".")) if folder.is_dir() else []


def parse(path: Path) -> File | None:
    """Return the distribution at PATH, None when its name is no distribution's."""
    try:
        if path.is_file() and path.suffix == ".whl":
            name, version, _, _ = parse_wheel_filename(path.name)
            return File(path, "wheel", name, version)
        if path.is_file() and path.name.endswith(".tar.gz"):
            name, version = parse_sdist_filename(path.name)
            return File(path, "sdist", name, version)
    except (InvalidWheelFilename, InvalidSdistFilename):
        pass
    return None


def _empty(release: Release) -> RunbookError:
    message = "dist/ holds no distribution, so there is nothing to check or to upload"
    return RunbookError("empty-dist", message, file="dist", next=f"build first: {release.command('build')}", page=NOTHING, status=1)


def _foreign(release: Release, path: Path) -> RunbookError:
    message = "this is neither a wheel nor a .tar.gz sdist, and dist/ may hold nothing else"
    advice = f"move it out of dist/, or build afresh: {release.command('build')}"
    return RunbookError("foreign-file-in-dist", message, file=f"dist/{path.name}", next=advice, page=NOTHING, status=1)


def _mixed(release: Release, files: list[File]) -> Iterator[RunbookError]:
    releases = sorted({f"{file.name} {file.version}" for file in files})
    wheels, sdists = ({file.version for file in files if file.kind == kind} for kind in ("wheel", "sdist"))
    if len({file.name for file in files}) == len(wheels) == len(sdists) == 1 and wheels != sdists:
        found = versions_differ(str(*wheels), str(*sdists), "dist")
        yield RunbookError(found.id, found.message, file=found.file, next=found.fix, page=found.page, status=1)
    elif len(releases) > 1:
        message = f"dist/ mixes {len(releases)} releases: {', '.join(releases)}"
        yield RunbookError("mixed-dist", message, file="dist", next=f"build afresh: {release.command('build')}", page=STALE, status=1)


def _strange(release: Release, files: list[File]) -> Iterator[RunbookError]:
    for file in files:
        if release.name is not None and file.name != release.name:
            yield _disagrees(release, file, f"{file.shown} is {file.name}, the project is {release.name}")
        elif release.version is not None and file.version != release.version:
            yield _disagrees(release, file, f"{file.shown} is version {file.version}, the project is at {release.version}")


def _disagrees(release: Release, file: File, message: str) -> RunbookError:
    advice = f"check out the commit that {file.path.name} was built from, or build afresh: {release.command('build')}"
    return RunbookError("dist-disagrees", message, file=release.file, line=release.line, next=advice, page=STALE, status=1)


def version_in(filename: str) -> Version | None:
    """Return the version that the name of a distribution says, None when it is not the name of one."""
    try:
        return parse_wheel_filename(filename)[1] if filename.endswith(".whl") else parse_sdist_filename(filename)[1]
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None
