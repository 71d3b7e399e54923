"""Compare what an index serves with what was built, byte for byte; wait a bounded time for it, install it, and say what remains."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from pypi_runbook.asking import UnreachableError
from pypi_runbook.errors import RunbookError
from pypi_runbook.manual.checklist import remaining
from pypi_runbook.manual.files import File, require
from pypi_runbook.manual.index import Index, Served, download, is_stored, listing, publisher
from pypi_runbook.manual.manifest import Manifest, differences, read_manifest
from pypi_runbook.manual.record import passed
from pypi_runbook.manual.release import Release
from pypi_runbook.manual.runs import recorded
from pypi_runbook.manual.tools import say
from pypi_runbook.manual.trial import install_from

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 15.0
PAGE = "incident/half-uploaded.md"
LATE = "troubleshooting/not-found-yet.md"


@dataclass
class Progress:
    """How far a verification has come: what is still open, and what the index said last when it gave no answer."""

    open: list[File]
    done: dict[str, str] = field(default_factory=dict)
    trouble: str | None = None


@dataclass(frozen=True)
class Verified:
    """What was found: sha256 by file name, who attests to each file (None: nobody), whether it was installed, and what remains."""

    files: dict[str, str]
    publishers: dict[str, str | None]
    installed: bool
    remaining: list[str]


def verify(release: Release, index: Index, seconds: float, *, install: bool = True) -> Verified:
    """Return what was found once INDEX serves exactly the bytes that lie in `dist/`, and they install and import.

    seconds: how long to wait for files that do not show yet; 0 asks once, and so does what nobody uploaded. install: False compares only.
    RunbookError when the bytes differ (at once), when files are missing after that time, when the index gives no answer, or when the
    installation fails.
    """
    with recorded(release, "verify", index) as run:
        files = require(release)
        manifest = _manifest(release)
        run.files = {file.path.name: file.sha256() for file in files}
        run.reason = f"{index.title} was not compared to the end"
        done = _wait(release, index, Progress(list(files)), seconds)
        if install:
            install_from(release, index, files)
        publishers = _publishers(index, files)
        run.reason = f"{index.title} serves {len(done)} files as they were built" + ("; installed and imported" if install else "")
        return Verified(done, publishers, install, remaining(release, index, manifest, files[0]))


def look(index: Index, progress: Progress) -> Progress:
    """Ask INDEX once, compare what it serves, and return PROGRESS with those files moved from open to done."""
    progress.trouble = None
    try:
        served = listing(index, progress.open[0].name)
        for file in [file for file in progress.open if file.path.name in served]:
            progress.done[file.path.name] = compare(file, served[file.path.name], index)
            progress.open.remove(file)
            say(f"{index.title} serves {file.path.name} as it was built")
    except UnreachableError as error:
        progress.trouble = str(error)
    return progress


def compare(file: File, served: Served, index: Index) -> str:
    """Download what INDEX serves and return its sha256; RunbookError when it is not the file that lies in `dist/`."""
    built = file.sha256()
    if served.sha256 not in (None, built):
        raise _differs(file, index, built, str(served.sha256))
    arrived = download(served)
    if arrived != built:
        raise _differs(file, index, built, arrived)
    return built


def _manifest(release: Release) -> Manifest | None:
    """Return what the last build made, after comparing it with `dist/`; None for files that came another way."""
    try:
        manifest = read_manifest(release)
    except RunbookError:
        say("note: no manifest says where the files in dist/ come from; they are compared as they are")
        return None
    if problems := differences(release, manifest):
        raise problems[0]
    return manifest


def _wait(release: Release, index: Index, progress: Progress, seconds: float) -> dict[str, str]:
    hashes = {file.path.name: file.sha256() for file in progress.open}
    started = time.monotonic()
    pause = FIRST_PAUSE
    while look(index, progress).open:
        waited = time.monotonic() - started
        if waited >= seconds or not (progress.trouble or _is_expected(release, index, progress, hashes)):
            raise _given_up(release, index, progress, waited)
        say(f"{_state(index, progress)}; asking again, for {seconds - waited:.0f} s at most")
        time.sleep(min(pause, seconds - waited))
        pause = min(pause * 2, LONGEST_PAUSE)
    return progress.done


def _is_expected(release: Release, index: Index, progress: Progress, hashes: dict[str, str]) -> bool:
    """Tell whether the files can still appear: an upload of them passed, or INDEX has stored one that it does not list."""
    return passed(release, "upload", hashes, index.key) or any(is_stored(index, file.path) for file in progress.open)


def _publishers(index: Index, files: list[File]) -> dict[str, str | None]:
    """Ask INDEX who attests to each of FILES, say it, and return it."""
    found: dict[str, str | None] = {}
    for file in files:
        try:
            found[file.path.name] = publisher(index, file.name, str(file.version), file.path.name)
            if who := found[file.path.name]:
                say(f"{file.path.name} carries an attestation of {who}")
        except UnreachableError as error:
            say(f"note: whether {file.path.name} carries an attestation is not known: {error}")
    if None in found.values():
        say(f"{', '.join(name for name, who in found.items() if who is None)}: no attestation, as after every upload by hand.")
        say("  Nobody can see on the index which commit the files come from; the tag and your record have to say it.")
    return found


def _state(index: Index, progress: Progress) -> str:
    if progress.trouble:
        return progress.trouble
    late = [file.path.name for file in progress.open if is_stored(index, file.path)]
    if late:
        return f"{index.title} has {', '.join(late)} and does not list it yet: a cache is late"
    return f"{index.title} does not list {', '.join(file.path.name for file in progress.open)} yet"


def _differs(file: File, index: Index, built: str, served: str) -> RunbookError:
    message = f"{index.title} serves other bytes than dist/ holds: sha256 {served} there, {built} here"
    advice = "stop: do not upload more of this version; find out which build the index has"
    return RunbookError("different-bytes", message, file=file.shown, next=advice, page=PAGE, status=1)


def _given_up(release: Release, index: Index, progress: Progress, seconds: float) -> RunbookError:
    again = f"{release.command('verify')} {index.key}"
    if progress.trouble:
        advice = f"look at https://status.python.org, then run {again} again"
        return RunbookError("index-unreachable", progress.trouble, next=advice, page="incident/pypi-down.md")
    names = ", ".join(file.path.name for file in progress.open)
    message = f"{index.title} serves {len(progress.done)} of {len(progress.done) + len(progress.open)} files after {seconds:.0f} s; it lacks {names}"
    if all(is_stored(index, file.path) for file in progress.open):
        message += ", which it has stored: a cache is late, and nothing failed"
        return RunbookError("not-listed-yet", message, next=f"do not upload again; run {again} in ten minutes", page=LATE, status=1)
    advice = f"send what is missing: {release.command('upload')} {index.key}; if that upload succeeded already, wait and run {again} again"
    return RunbookError("not-served", message, next=advice, page=PAGE if progress.done else LATE, status=1)
