"""Whether a rehearsal did what it was for: published the version that its tag says, as files that the index did not have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from pypi_runbook.finding import Finding
from pypi_runbook.project import Job, Workflow
from pypi_runbook.project.indexes import PYPI
from pypi_runbook.rehearsal.results import JobResult, Report, Upload

TAGS = "troubleshooting/tag-and-version.md"
EXISTS = "troubleshooting/file-already-exists.md"
NOTHING = "troubleshooting/not-on-the-index.md"
# `v1.2.0`, and what repositories with several distributions write: `name-v1.2.0`, `name/1.2.0`, `name@1.2.0`, `name==1.2.0`.
VERSION_IN_TAG = re.compile(r"(?:.*[-_/@=])?[vV]?(\d.*)")
# What the twin says of a file that the index has with other bytes, and of a name that it had.
HELD = re.compile(
    rf"refused: .* to https://{re.escape(PYPI.upload_host)}\S* 400 (?:File already exists \('([^']+)'|This filename has already been used)"
)


@dataclass(frozen=True)
class Ends:
    """What there was before the run and what there is after it: files on the indexes, and the commit of each tag."""

    uploads_before: list[Upload]
    tags_before: Mapping[str, str]
    tags_after: Mapping[str, str]

    @property
    def made(self) -> dict[str, str]:
        """The tags that the run made."""
        return {tag: commit for tag, commit in self.tags_after.items() if self.tags_before.get(tag) != commit}


def missed(report: Report, workflow: Workflow, ends: Ends) -> Iterator[Finding]:
    """Yield why the run of REPORT, in which every job succeeded, is no success; nothing for a run that failed or was not rehearsed whole."""
    if report.result != "success":
        return
    line = workflow.line
    publishing = [job for job in workflow.jobs if job.publishes]
    if publishing:
        line = min(upload.line for job in publishing for upload in job.publishes)
    for message, fix, page, name in (*hidden(report), *nothing(report, publishing, ends), *other_version(report, ends)):
        yield Finding(name, "error", message, workflow.file, line, fix, page)


Shortfall = tuple[str, str, str, str]


def hidden(report: Report) -> Iterator[Shortfall]:
    """Yield the files that PyPI refused because it has others of their names, though the job succeeded."""
    for match in filter(None, map(HELD.match, report.refused)):
        what = f"another {match[1]}" if match[1] else "had a file of that name"
        message = f"{PYPI.title} has {what} already, and `skip-existing` hid that: the job is green, but the file was not published"
        yield message, "raise the version, and remove `skip-existing`", EXISTS, "skipped-existing"


def nothing(report: Report, publishing: list[Job], ends: Ends) -> Iterator[Shortfall]:
    """Yield why a release, the push of a tag, or a run that made a release published nothing; leaving a pre-release out was asked for."""
    tagged, by_hand = report.ref.startswith("refs/tags/"), report.event == "workflow_dispatch"
    made = not tagged and report.release is not None and not report.release["draft"]
    if report.uploads or not publishing or not (made or (tagged and not by_hand)):
        return
    ids = {job.id for job in publishing}
    skipped = [job for job in report.jobs if job.id in ids and job.result == "skipped"]
    if report.release and report.release["prerelease"] and any("prerelease" in job.reason for job in skipped):
        return
    tag = report.release["tag"] if made and report.release else report.ref.removeprefix("refs/tags/")
    what = f"a job made the release {tag}, but nothing was published" if made else f"{_event(report)} {tag} published nothing"
    fix = "correct the condition of the job, or the version, and rehearse again"
    yield f"{what}: {_why_nothing(skipped, ends)}", fix, NOTHING if skipped else EXISTS, "nothing-published"


def _event(report: Report) -> str:
    return "the release" if report.event == "release" else "the push of the tag"


def _why_nothing(skipped: list[JobResult], ends: Ends) -> str:
    if skipped:
        return "; ".join(f"{job.name} was skipped: {job.reason}" for job in skipped)
    there = [upload.filename for upload in ends.uploads_before]
    return f"the index had these files before: {', '.join(there)}" if there else "no upload reached an index"


def other_version(report: Report, ends: Ends) -> Iterator[Shortfall]:
    """Yield how the version of the files that came to PyPI differs from that of the tag: the event's, else those that the run made."""
    versions = published(report.uploads)
    if len(versions) != 1:
        return  # nothing, or several distributions, of which a tag can name but one
    (name, version), *_ = versions.items()
    if report.ref.startswith("refs/tags/"):
        yield from against_tag(report.ref.removeprefix("refs/tags/"), name, version)
        return
    made = {tag: said for tag in ends.made if (said := version_of(tag))}
    if made and version not in made.values():
        tags = ", ".join(made)
        message = (
            f"the run made the tag {tags}, but published {name} {version}: it was built from {report.commit[:12]}, the commit of the event, "
            f"and {tags} is on {', '.join(ends.made[tag][:12] for tag in made)}, which a job pushed"
        )
        fix = "check out what that job pushed: give its commit to the next jobs as an output, and to actions/checkout as `ref`"
        yield message, fix, TAGS, "old-commit-built"
    older = [tag for tag, commit in ends.tags_before.items() if version_of(tag) == version and commit != report.commit]
    if older and not made:
        message = (
            f"the run built {name} {version}, and the tag {older[0]} is on another commit: {PYPI.title} has that version since then, so there "
            "the upload is refused, or `skip-existing` hides the refusal and nothing new is published"
        )
        yield message, "raise the version in the file that the build takes it from, and remove `skip-existing`", EXISTS, "version-released-before"


def against_tag(tag: str, name: str, version: Version) -> Iterator[Shortfall]:
    """Yield how VERSION, under which NAME was published, differs from what TAG says."""
    said = version_of(tag)
    if said and said != version:
        message = f"the tag is {tag}, but {name} was published as {version}"
        yield message, "build the version that the tag says: raise it before the tag, and let the build see the tag", TAGS, "other-version"
    elif said and re.search(r"(?:^|[^\d])0\d", tag):
        message = (
            f"the tag is {tag}, and the version on {PYPI.title} is {version}: zeros before a number are dropped, so a comparison of the two fails"
        )
        yield message, f"write the tag as {version}", TAGS, "version-normalised"


def version_of(tag: str) -> Version | None:
    """Return the version that TAG says, None when it says none."""
    match = VERSION_IN_TAG.fullmatch(tag)
    for text in (tag, match[1] if match else ""):
        try:
            return Version(text)
        except InvalidVersion:
            continue
    return None


def published(uploads: list[Upload]) -> dict[str, Version]:
    """Return the version of each distribution among the UPLOADS to PyPI."""
    found = {}
    for upload in uploads:
        if upload.index == PYPI.name:
            try:
                parsed = parse_wheel_filename(upload.filename)[:2] if upload.filename.endswith(".whl") else parse_sdist_filename(upload.filename)
            except (InvalidWheelFilename, InvalidSdistFilename):
                continue
            found[str(parsed[0])] = parsed[1]
    return found
