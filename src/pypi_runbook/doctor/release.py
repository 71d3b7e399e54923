"""Whether the version is one that can be released from here: against git's tags, the changelog and, when asked to, PyPI."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.utils import canonicalize_name
from packaging.version import Version

from pypi_runbook.asking import SIMPLE, UnreachableError, read_json
from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.places import line_of
from pypi_runbook.finding import Finding
from pypi_runbook.project.indexes import PYPI
from pypi_runbook.project.published import main_distribution

TAG_PAGE = "troubleshooting/tag-and-version.md"
CHECKLIST = "publishing/release_checklist.md"
EXISTS = "troubleshooting/file-already-exists.md"
CHANGELOG = re.compile(r"(?:docs/)?(?:CHANGELOG|CHANGES|HISTORY|NEWS|RELEASES?|RELEASE[_-]NOTES)(?:\.(?:md|rst|txt))?", re.IGNORECASE)
# What a heading says while the version has no number yet, and the folders of tools that write the entry at the release.
COMING = re.compile(r"\b(?:unreleased|upcoming|next|in development|towncrier)\b", re.IGNORECASE)
FRAGMENTS = ("changes/", "changelog.d/", "newsfragments/", ".changes/", "news/", "changelogs/")


def check_version_and_tag(checkup: Checkup) -> Iterator[Finding]:
    """Yield what speaks against releasing the metadata's version from this commit."""
    project = main_distribution(checkup.facts)
    try:
        version = Version(project.version or "")
    except ValueError:  # not packaging's own error alone: Python refuses a number of thousands of digits
        return
    line = line_of(checkup, project, "version")
    tagged = versions_of(checkup) if checkup.own_git else {}
    if checkup.own_git:
        yield from against_tags(checkup, version, tagged, line)
    yield from against_files(checkup, version, line)
    yield from against_changelog(checkup, version, released=version in tagged)
    if checkup.online and project.name:
        yield from against_index(project.name, version, project.file, line)


def versions_of(checkup: Checkup) -> dict[Version, str]:
    """Return the tags that the commit at hand descends from, or is, by the version that each says."""
    found = {}
    for tag in (checkup.git("tag", "--merged", "HEAD") or "").splitlines():
        try:
            found[Version(tag)] = tag
        except ValueError:
            continue
    return found


def against_tags(checkup: Checkup, version: Version, tagged: dict[Version, str], line: int | None) -> Iterator[Finding]:
    """Yield a finding when VERSION has a tag on another commit, or when a higher version has one that this commit descends from."""
    file = main_distribution(checkup.facts).file
    tag = next((name for name in (str(version), f"v{version}") if checkup.git("rev-parse", "--verify", "--quiet", f"refs/tags/{name}")), None)
    tag = tagged.get(version, tag)
    if tag and checkup.git("rev-parse", f"refs/tags/{tag}^{{commit}}") != checkup.git("rev-parse", "HEAD"):
        commit = checkup.git("rev-parse", "--short", f"refs/tags/{tag}^{{commit}}")
        message = (
            f"the version is {version}, and the tag {tag} is on another commit, {commit}: a release from here would publish other files under it"
        )
        yield Finding("tag-elsewhere", "warning", message, file, line, "raise the version before you tag", TAG_PAGE)
    higher = [other for other in tagged if other > version]
    if higher and not tag:
        message = f"the version is {version}, but {tagged[max(higher)]} was released before it"
        yield Finding("version-lower", "warning", message, file, line, "write a version higher than every one before", TAG_PAGE)


def against_files(checkup: Checkup, version: Version, line: int | None) -> Iterator[Finding]:
    """Yield a finding for each VERSION or version.txt next to the metadata whose version differs from VERSION."""
    project = main_distribution(checkup.facts)
    for file in checkup.files:
        said = (checkup.text(file) or "").strip() if file.lower() in ("version", "version.txt") else ""
        try:
            differs = bool(said) and Version(said) != version
        except ValueError:
            continue
        if differs:
            message = f"the version here is {version}, which is what a build takes, but {file} says {said}"
            fix = f"keep the version in one place: let the build backend read {file}, or remove that file"
            yield Finding("version-file-differs", "warning", message, project.file, line, fix, TAG_PAGE)


def against_changelog(checkup: Checkup, version: Version, *, released: bool) -> Iterator[Finding]:
    """Yield a finding when the changelog has no entry for VERSION; a heading for what is coming counts until the tag is there."""
    file = next((name for name in checkup.files if CHANGELOG.fullmatch(name)), None)
    if file is None or version.is_devrelease or any(name.startswith(FRAGMENTS) for name in checkup.files):
        return
    headings = list(headings_of(checkup.text(file) or ""))
    if any(re.search(rf"(?<![\d.]){re.escape(str(version))}(?!\w|\.\w|\+)", heading) for heading in headings):
        return
    if released or not any(COMING.search(heading) for heading in headings):
        message = f"the changelog has no entry for {version}"
        yield Finding("no-changelog-entry", "warning", message, file, 1, "write what changed, under a heading with the version", CHECKLIST)


def headings_of(text: str) -> Iterator[str]:
    """Yield the headings of TEXT, Markdown or reStructuredText, and lines that begin with a version as some changelogs have them."""
    lines = text.splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        underlined = re.fullmatch(r"([=~^*+'\"`-])\1{2,}\s*", following) is not None
        if line.startswith("#") or (underlined and line.strip()) or re.match(r"\W{0,3}[vV]?\d+\.\d", line):
            yield line


def against_index(name: str, version: Version, file: str, line: int | None) -> Iterator[Finding]:
    """Yield a finding when PyPI has VERSION of the project NAME already, or gives no answer."""
    try:
        there = versions_on(name)
    except (UnreachableError, ValueError) as error:
        message = f"PyPI gave no answer, so whether it has {version} is not known: {error}"
        yield Finding("index-not-asked", "note", message, fix="look at https://status.python.org", page="incident/pypi-down.md")
        return
    if version in there:
        message = f"PyPI has version {version} of {name} already, and takes no other files under their names"
        yield Finding("version-on-index", "error", message, file, line, "raise the version before you tag", EXISTS)


def versions_on(name: str) -> set[Version]:
    """Return the versions that PyPI lists for the project NAME, none for one that it does not know; UnreachableError without an answer."""
    listed = read_json(f"{PYPI.simple_url}{canonicalize_name(name)}/", SIMPLE)
    return {Version(str(version)) for version in listed.get("versions", [])} if isinstance(listed, dict) else set()
