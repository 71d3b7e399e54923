"""The files of a run that failed after it had built them: found, compared with the commit that they claim, and put into `dist/`."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from email.parser import BytesHeaderParser
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from pypi_runbook.errors import RunbookError
from pypi_runbook.manual.build import attempt, publish, refuse_other_tag
from pypi_runbook.manual.files import File, parse, require
from pypi_runbook.manual.manifest import Manifest
from pypi_runbook.manual.place import move_aside
from pypi_runbook.manual.release import Release, described
from pypi_runbook.manual.source import Source, ask, find_source, isolate
from pypi_runbook.manual.tools import announce, say
from pypi_runbook.rules import Refused
from pypi_runbook.rules.contents import altered, committed, members
from pypi_runbook.rules.distribution import read_metadata

PAGE = "incident/half-uploaded.md"
RUN = re.compile(r"(?:https://github\.com/(?P<repository>[\w.-]+/[\w.-]+)/actions/runs/)?(?P<id>\d{5,})(?:/.*)?")


@dataclass(frozen=True)
class Found:
    """What a source held: its distributions, and the commit that the run says it built, where a run says one."""

    files: list[File]
    commit: str | None = None


def take(release: Release, where: str, ref: str | None) -> Manifest:
    """Put the distributions that WHERE holds into `dist/`, and return their manifest.

    where: a folder, a zip file as GitHub gives it, or the id or address of a run, whose files `gh run download` fetches.
    ref: the tag or commit that they must fit; None for the run's own commit, else the tag of their version, else the checkout's commit.
    RunbookError when they do not fit it: another project or version, other metadata inside, or sources that the commit does not hold.
    """
    with attempt(release) as (run_, folder):
        found = collect(release, where, folder / "artifact")
        move_aside(release)
        source = source_of(release, found, ref)
        project = isolate(release, source, folder)
        files = _settle(project, found.files)
        wanted = described(project)
        refuse_other_tag(wanted, source)
        require(wanted)
        for file in files:
            refuse_other_metadata(file)
            refuse_other_sources(release, file, source)
        return publish(release, source, files, "artifact", run_)


def collect(release: Release, where: str, folder: Path) -> Found:
    """Return the distributions that WHERE holds, copied into FOLDER; RunbookError when there are none, or it cannot be had."""
    folder.mkdir()
    path, run = Path(where).expanduser(), RUN.fullmatch(where)
    commit = None
    if path.is_dir():
        _copy((each for each in path.rglob("*") if each.is_file()), folder)
    elif path.is_file():
        _unpack(path, folder)
    elif run:
        commit = _download(release, run["id"], run["repository"], folder)
    else:
        message = f"{where} is no folder and no zip file here, and no id or address of a run"
        raise RunbookError("no-artifact", message, None, None, "give what you downloaded from the run's page, or the run's address", PAGE)
    return Found(_distributions(release, folder, where), commit)


def source_of(release: Release, found: Found, ref: str | None) -> Source:
    """Return the commit that the files must fit; without REF the run's own, then the tag of their version, then what is checked out."""
    head = find_source(release, None, allow_dirty=True)
    if head.commit is None:
        return replace(head, changes=())
    version = str(found.files[0].version)
    tags = [tag for tag in (version, f"v{version}") if ask(release.root, "tag", "--list", tag)]
    source = find_source(release, ref or found.commit or (tags[0] if tags else "HEAD"), allow_dirty=False)
    if found.commit and ref and source.commit != found.commit:
        message = f"the run built commit {found.commit[:12]}, and {ref} is commit {(source.commit or '')[:12]}"
        raise RunbookError("artifact-other-commit", message, None, None, "take the run that built this release", PAGE, status=1)
    return replace(source, ref=None) if not ref and source.commit == head.commit else source


def refuse_other_metadata(file: File) -> None:
    """Raise RunbookError when the metadata inside FILE are of another project or version than its name says."""
    try:
        said = BytesHeaderParser().parsebytes(read_metadata(file.path))
        name, version = canonicalize_name(str(said["Name"])), Version(str(said["Version"]))
    except (Refused, InvalidVersion):
        name, version = None, None
    if (name, version) != (file.name, file.version):
        message = f"the metadata inside say {name} {version}" if name else "there are no metadata inside that can be read"
        raise RunbookError(
            "artifact-metadata", message, file.path.name, None, "download the artifact again; if that does not help, build", PAGE, status=1
        )


def refuse_other_sources(release: Release, file: File, source: Source) -> None:
    """Raise RunbookError when FILE is an sdist whose files have other bytes than SOURCE's commit holds under the same paths."""
    if source.commit is None or file.kind != "sdist":
        return
    tracked = committed(release.root, source.commit)
    if changed := altered(release.root, dict(members(file.path, file.shown)), tracked):
        tag = source.tag_for(file.version)
        which = f"tag {tag}" if tag else f"commit {source.commit[:12]}"
        message = f"{len(changed)} of its files are not as {which} has them: {', '.join(changed[:5])}"
        advice = "this is not that release's build; name the commit that the run built with --ref"
        raise RunbookError("artifact-other-sources", message, file.path.name, None, advice, PAGE, status=1)


def _settle(project: Path, files: list[File]) -> list[File]:
    """Put FILES where a build would have left them, so that the same questions can be asked about them."""
    (project / "dist").mkdir()
    return [replace(file, path=file.path.rename(project / "dist" / file.path.name)) for file in files]


def _copy(paths: Iterable[Path], folder: Path) -> None:
    for path in paths:
        _keep(folder, path.name, path.read_bytes())


def _unpack(path: Path, folder: Path) -> None:
    if parse(path):
        return _copy([path], folder)
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                # Only the last part of the name counts: a zip file may name any place.
                if not info.is_dir():
                    _keep(folder, PurePosixPath(info.filename).name, archive.read(info))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        raise RunbookError("no-artifact", f"this is no zip file that can be read: {error}", str(path), None, "download it again", PAGE) from error
    return None


def _keep(folder: Path, name: str, content: bytes) -> None:
    target = folder / name
    if target.exists() and target.read_bytes() != content:
        message = f"there are two files {name} with different bytes"
        raise RunbookError("ambiguous-artifact", message, None, None, "give the one folder that holds the release's files", PAGE, status=1)
    target.write_bytes(content)


def _distributions(release: Release, folder: Path, where: str) -> list[File]:
    parsed = {path.name: parse(path) for path in sorted(folder.iterdir())}
    files = [file for file in parsed.values() if file]
    own = [file for file in files if file.name == _own_name(release)] or files
    if others := sorted(parsed.keys() - {file.path.name for file in own}):
        say(f"note: left out what is no distribution of this project: {', '.join(others[:10])}{' …' if len(others) > 10 else ''}")
    if not own:
        advice = "an artifact is kept for 90 days at most; without one, build the tag again"
        raise RunbookError("no-artifact", "it holds no wheel and no .tar.gz sdist", where, None, advice, PAGE, status=1)
    return own


def _own_name(release: Release) -> str | None:
    try:
        return described(release.root).name
    except RunbookError:
        # The checkout may be at a commit that is broken; the commit that is compared has its say later.
        return None


def _download(release: Release, run: str, repository: str | None, folder: Path) -> str | None:
    """Fetch the artifacts of RUN with gh, and return the commit that the run built."""
    if shutil.which("gh") is None:
        page = f"https://github.com/{repository}/actions/runs/{run}" if repository else "the run's page"
        advice = f"download the artifact from {page}, then give the zip file: --from-artifact FILE.zip"
        raise RunbookError("no-gh", "gh, GitHub's command, is not installed, so a run's files cannot be fetched", None, None, advice, PAGE)
    which = [run, *(["--repo", repository] if repository else [])]
    said = json.loads(_gh(release, "run", "view", *which, "--json", "headSha"))
    fetched = folder.with_name("download")
    _gh(release, "run", "download", *which, "--dir", str(fetched))
    _copy((each for each in fetched.rglob("*") if each.is_file()), folder)
    return str(said["headSha"])


def _gh(release: Release, *arguments: str) -> str:
    announce(["gh", *arguments])
    done = subprocess.run(["gh", *arguments], cwd=release.root, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        words = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        advice = "run gh auth status; or download the artifact in the browser, and give the zip file"
        raise RunbookError("gh-failed", f"gh ended with status {done.returncode}: {words}", None, None, advice, PAGE)
    return done.stdout
