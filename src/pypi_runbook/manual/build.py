"""Build the sdist, and the wheel from that sdist, from one commit and away from the checkout."""

from __future__ import annotations

import platform
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from pypi_runbook.errors import RunbookError
from pypi_runbook.manual.clean import forget
from pypi_runbook.manual.files import File, require
from pypi_runbook.manual.lock import exclusive, scratch, spoken
from pypi_runbook.manual.manifest import Listed, Manifest, remove_manifest, write_manifest
from pypi_runbook.manual.origin import origin
from pypi_runbook.manual.pins import options
from pypi_runbook.manual.place import move_aside, place
from pypi_runbook.manual.release import Release, described
from pypi_runbook.manual.runs import Run, recorded
from pypi_runbook.manual.source import Source, find_source, isolate, version_of
from pypi_runbook.manual.tools import python, run_bare, say

GENERATOR = re.compile(rb"^Generator: ([\w.-]+)[ (]+([^\s()]+)", re.MULTILINE)


def build(release: Release, ref: str | None = None, *, allow_dirty: bool = False) -> Manifest:
    """Build REF, or else the commit that is checked out, with `python -m build`, and return the manifest of what now lies in `dist/`.

    What was in `dist/` is moved aside before anything else, so that a failure leaves nothing to upload; the new files arrive together.
    allow_dirty: take files that are not as the commit has them along. RunbookError when that is needed, or when the build fails.
    """
    with attempt(release) as (run_, folder):
        move_aside(release)
        source = find_source(release, ref, allow_dirty=allow_dirty)
        project = isolate(release, source, folder)
        wanted = described(project)
        refuse_other_tag(wanted, source)
        command = [python(), "-m", "build", *options(project, folder), str(project)]
        if status := run_bare(command, project, epoch(source), folder):
            raise _failed(status)
        return publish(release, source, require(wanted), "build", run_)


@contextmanager
def attempt(release: Release) -> Iterator[tuple[Run, Path]]:
    """Make way for new files, yield the run's entry of the record and an empty folder, and write what became of it."""
    with recorded(release, "build") as run_, spoken("the build"), exclusive(release), scratch(release) as folder:
        remove_manifest(release)
        forget(release)
        yield run_, folder


def epoch(source: Source) -> dict[str, str]:
    """Return SOURCE_DATE_EPOCH as the commit's time, so that everyone who builds this commit gets the same bytes."""
    return {"SOURCE_DATE_EPOCH": source.seconds} if source.seconds else {}


def refuse_other_tag(wanted: Release, source: Source) -> None:
    """Raise RunbookError when SOURCE was named by the tag of another version than its files say."""
    said = version_of(source.ref) if source.ref in source.tags else None
    if said and wanted.version and said != wanted.version:
        message = f"the tag {source.ref} and the version {wanted.version} differ"
        advice = "release the version that the tag says from a commit that says it too; a tag that is public stays where it is"
        raise RunbookError("tag-and-version", message, wanted.file, wanted.line, advice, "troubleshooting/tag-and-version.md", status=1)


def publish(release: Release, source: Source, files: list[File], kind: str, run_: Run) -> Manifest:
    """Put FILES, which are SOURCE's, into a fresh `dist/`, write their manifest last, and return it."""
    kept = place(release, files)
    manifest = describe(source, kept, kind)
    write_manifest(release, manifest)
    run_.files, run_.reason = manifest.hashes, f"{kind} of {origin(manifest)}"
    say(f"dist/ holds {manifest.name} {manifest.version}, {run_.reason}.")
    return manifest


def describe(source: Source, files: list[File], kind: str) -> Manifest:
    """Return the manifest of FILES, which were made from SOURCE; KIND is `build` or `artifact`."""
    version = files[0].version
    built = datetime.now(UTC).isoformat(timespec="seconds")
    tools = tools_of(files) | ({"build": metadata.version("build"), "python": platform.python_version()} if kind == "build" else {})
    listed = tuple(map(Listed.of, files))
    return Manifest(files[0].name, str(version), source.commit, source.tag_for(version), source.ref, bool(source.changes), built, kind, tools, listed)


def tools_of(files: list[File]) -> dict[str, str]:
    """Return name and version of what says in a wheel that it made it."""
    found: dict[str, str] = {}
    for file in files:
        if file.kind == "wheel":
            with zipfile.ZipFile(file.path) as wheel:
                text = b"".join(wheel.read(name) for name in wheel.namelist() if name.endswith(".dist-info/WHEEL"))
            found |= {match[1].decode(): match[2].decode() for match in GENERATOR.finditer(text)}
    return found


def _failed(status: int) -> RunbookError:
    message = f"python -m build ended with status {status}; dist/ is empty, so nothing can be uploaded by mistake"
    return RunbookError("build-failed", message, next="read the last lines above; the backend says what it lacks", page="troubleshooting/index.md")
