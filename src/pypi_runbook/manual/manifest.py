"""What the last successful build made: the only files that may be uploaded, and where they come from."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from pypi_runbook.errors import RunbookError
from pypi_runbook.manual.files import File
from pypi_runbook.manual.release import MANIFEST, PAGE, Release, open_state

SCHEMA = 1


@dataclass(frozen=True)
class Listed:
    """One file of a manifest; size in bytes."""

    filename: str
    kind: str
    size: int
    sha256: str

    @classmethod
    def of(cls, file: File) -> Listed:
        """Return what lies at FILE now."""
        return cls(file.path.name, file.kind, file.path.stat().st_size, file.sha256())


@dataclass(frozen=True)
class Manifest:
    """Where the files in `dist/` come from.

    commit, tag: what was built, None without git or without a tag for that version on that commit; ref: what `--ref` named,
    None for the checkout as it was; dirty: whether files that no commit holds went in; built: when, in UTC as ISO 8601.
    source: `build` or `artifact`; tools: versions of what built them, by name, as far as known.
    """

    name: str
    version: str
    commit: str | None
    tag: str | None
    ref: str | None
    dirty: bool
    built: str
    source: str
    tools: dict[str, str]
    files: tuple[Listed, ...]
    schema: int = SCHEMA

    @property
    def hashes(self) -> dict[str, str]:
        """The sha256 of each file, by file name."""
        return {file.filename: file.sha256 for file in self.files}


def path_of(release: Release) -> Path:
    """Return where the manifest of RELEASE lies."""
    return release.state / MANIFEST


def remove_manifest(release: Release) -> None:
    """Take the manifest away, before anything changes in `dist/`: without it nothing can be uploaded."""
    path_of(release).unlink(missing_ok=True)


def write_manifest(release: Release, manifest: Manifest) -> None:
    """Write MANIFEST in one step, so that an interruption leaves the whole of it or none."""
    path = open_state(release) / MANIFEST
    draft = path.with_suffix(".new")
    with draft.open("w", encoding="utf-8") as stream:
        stream.write(json.dumps(asdict(manifest), indent=2) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)


def read_manifest(release: Release) -> Manifest:
    """Return the manifest of the last build; RunbookError `no-manifest` when there is none that can be read."""
    try:
        data = json.loads(path_of(release).read_text(encoding="utf-8"))
        if data["schema"] == SCHEMA:
            return Manifest(**{**data, "files": tuple(Listed(**file) for file in data["files"])})
    except (OSError, ValueError, LookupError, TypeError):
        pass
    message = "there is no manifest of a finished build, so nothing says which files are the release"
    advice = f"build first: {release.command('build')}; the failed run's own files: {release.command('build')} --from-artifact"
    raise RunbookError("no-manifest", message, f".pypi-runbook/{MANIFEST}", None, advice, PAGE, status=1)


def differences(release: Release, manifest: Manifest) -> list[RunbookError]:
    """Return each way in which `dist/` is not what MANIFEST lists: a file is missing, has other bytes, or is one too many."""
    there = {path.name for path in release.dist.iterdir() if not path.name.startswith(".")} if release.dist.is_dir() else set()
    problems = []
    for file in manifest.files:
        if file.filename not in there:
            problems.append(_problem(release, "missing-file", file.filename, "the build made this file, and dist/ no longer holds it"))
        elif not _same(release.dist / file.filename, file):
            problems.append(_problem(release, "changed-file", file.filename, "this file does not have the bytes that were built"))
    return [*problems, *_surplus(release, there - manifest.hashes.keys())]


def _same(path: Path, file: Listed) -> bool:
    return path.is_file() and path.stat().st_size == file.size and File.sha256_of(path) == file.sha256


def _surplus(release: Release, names: Iterable[str]) -> Iterable[RunbookError]:
    return [_problem(release, "unlisted-file", name, "the build did not make this file") for name in sorted(names)]


def _problem(release: Release, id_: str, name: str, message: str) -> RunbookError:
    advice = f"build afresh, which moves dist/ aside: {release.command('build')}"
    return RunbookError(id_, message, f"dist/{name}", None, advice, "troubleshooting/stale-dist.md", status=1)
