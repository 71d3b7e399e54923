"""Distributions on their way from the job that builds them to the job that uploads them: names, order and folders."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.workflow_view import EXPRESSION, JobView, StepView, WorkflowView, may_equal, publishing_workflows
from pypi_runbook.finding import Finding
from pypi_runbook.project.clients import base
from pypi_runbook.project.publish_action import NAME as PUBLISH
from pypi_runbook.project.published import arguments_of_build, commands, folder_of, taken_from

UPLOAD, DOWNLOAD = "actions/upload-artifact", "actions/download-artifact"
INSPECT = "hynek/build-and-inspect-python-package"
PAGE = "troubleshooting/no-dists.md"
# Steps that put no file into the workspace and move none.
HARMLESS = {"actions/setup-python", "astral-sh/setup-uv", "actions/attest", "actions/attest-build-provenance", PUBLISH}


@dataclass(frozen=True)
class Handover:
    """One artifact of a workflow: its name, expressions included, and the job that uploads it."""

    name: str
    job: str


def handovers(view: WorkflowView) -> list[Handover] | None:
    """Return the artifacts that VIEW's jobs upload; None when another file's jobs or actions may upload more."""
    found = []
    for job in view.jobs.values():
        if job.job.calls or any(step.action.startswith("./") for step in job.steps):
            return None
        for step in job.steps:
            inputs = step.step.inputs
            if step.action == UPLOAD:
                found.append(Handover(inputs.get("name") or "artifact", job.job.id))
            elif step.action == INSPECT:
                found.append(Handover("Packages" + inputs.get("upload-name-suffix", ""), job.job.id))
    return None if "workflow_call" in view.events else found


def downloads(job: JobView) -> list[StepView]:
    """Return JOB's steps that take artifacts of the same run."""
    elsewhere = ("run-id", "repository", "artifact-ids")
    return [step for step in job.steps if step.action == DOWNLOAD and not any(step.step.inputs.get(name) for name in elsewhere)]


def wanted(step: StepView, known: list[Handover]) -> list[Handover]:
    """Return which of the KNOWN artifacts the download STEP takes."""
    name, pattern = step.step.inputs.get("name"), step.step.inputs.get("pattern")
    if name:
        return [each for each in known if may_equal(name, each.name)]
    glob = EXPRESSION.sub("*", pattern or "*")
    return [each for each in known if fnmatchcase(EXPRESSION.sub("x", each.name), glob) or may_equal(glob, each.name)]


def check_artifacts(checkup: Checkup) -> Iterator[Finding]:
    """Find downloads of what no job uploads, and of what another job may not have uploaded yet."""
    for view in publishing_workflows(checkup):
        known = handovers(view)
        for job in view.jobs.values() if known is not None else ():
            for step in downloads(job):
                yield from of_download(view, job, step, known or [])


def of_download(view: WorkflowView, job: JobView, step: StepView, known: list[Handover]) -> Iterator[Finding]:
    """Yield what is wrong with one download: its name, or that the job does not wait."""
    taken = wanted(step, known)
    asked = step.step.inputs.get("name") or step.step.inputs.get("pattern")
    line = step.line("with", "name" if step.step.inputs.get("name") else "pattern")
    if not taken:
        names = ", ".join(dict.fromkeys(each.name for each in known)) or "none"
        message = f"job {job.job.id} takes the artifact {asked or 'of every name'}, and no job uploads one; there are: {names}"
        fix = f"give the upload and the download one name, or remove the {'pattern' if asked else 'step'}"
        yield view.finding("artifact-name", "error", message, line, fix, PAGE)
        return
    earlier = {job.job.id, *(each.job.id for each in view.before(job))}
    if not any(each.job in earlier for each in taken):
        makers = ", ".join(dict.fromkeys(each.job for each in taken))
        message = f"job {job.job.id} takes the artifact {asked or taken[0].name} of job {makers} and does not wait for it"
        yield view.finding("artifact-without-needs", "error", message, line, f"add `needs: {makers}` to the job", PAGE)


def check_folders(checkup: Checkup) -> Iterator[Finding]:
    """Find uploads that look into a folder into which nothing of their job puts the distributions."""
    for view in publishing_workflows(checkup):
        known = handovers(view)
        for job in view.publishing if known is not None else ():
            for step in job.steps:
                if step.action == PUBLISH and is_plain(job, step):
                    yield from of_folder(view, job, step, known or [])


def is_plain(job: JobView, upload: StepView) -> bool:
    """Tell whether all that comes before UPLOAD is known, so that nothing else can bring or move distributions."""
    before = job.steps[: job.steps.index(upload)]
    known = HARMLESS | {DOWNLOAD, "actions/checkout"}
    # A download from another run brings names that this file does not tell.
    return all(step.action in known for step in before) and len(downloads(job)) == sum(step.action == DOWNLOAD for step in job.steps)


def of_folder(view: WorkflowView, job: JobView, upload: StepView, known: list[Handover]) -> Iterator[Finding]:
    """Yield the finding when UPLOAD's folder is none of those into which the job's downloads unpack."""
    inputs = upload.step.inputs
    folder = next((inputs[name] for name in ("packages-dir", "packages_dir") if inputs.get(name)), "dist")
    filled = {tidy(each) for step in downloads(job) for each in folders(step, known)}
    if "${{" in folder or any("${{" in each for each in filled) or tidy(folder) in filled:
        return
    places = f"its downloads put files here: {', '.join(sorted(filled))}" if filled else "nothing in the job puts files there"
    line = upload.line("with", "packages-dir") if inputs.get("packages-dir") else upload.line("uses")
    message = f"job {job.job.id} uploads what is in {tidy(folder)}, and {places}"
    if not any(each for step in downloads(job) for each in wanted(step, known)) and downloads(job):
        return  # the name is wrong, which check_artifacts says
    yield view.finding("empty-packages-dir", "error", message, line, f"download the artifact to `path: {tidy(folder)}/`", PAGE)


def folders(step: StepView, known: list[Handover]) -> Iterator[str]:
    """Yield the folders into which a download unpacks: without a name each artifact gets one of its own, unless they are merged."""
    inputs = step.step.inputs
    path = inputs.get("path") or "."
    path = re.sub(r"^\$\{\{\s*github\.workspace\s*\}\}/?", "", path) or "."
    if inputs.get("name") or step.is_on("merge-multiple"):
        yield path
    else:
        yield from (posixpath.join(path, each.name) for each in wanted(step, known))


def tidy(folder: str) -> str:
    """Return FOLDER as one name for `dist`, `dist/` and `./dist`."""
    return posixpath.normpath(folder.strip() or ".")


def check_workspace_dist(checkup: Checkup) -> Iterator[Finding]:
    """Find uploads that look in a member's `dist/`, while `uv build` puts what it builds of a member into the workspace's."""
    if not checkup.pyproject.table("tool", "uv", "workspace"):
        return
    for view in publishing_workflows(checkup):
        for job in view.publishing:
            wanted = {tidy(str(folder)) for step in job.steps for folder in taken_from(step.step)} - {"."}
            for step in (step for each in [*view.before(job), job] for step in each.steps):
                for folder, words in commands(step.step) if wanted else ():
                    arguments = arguments_of_build(words) if "uv" in map(base, words) else None
                    if arguments is not None and not {"-o", "--out-dir"} & {word.partition("=")[0] for word in arguments}:
                        yield from elsewhere(view, job, step, wanted & {tidy(str(folder / folder_of(words, arguments)))})


def elsewhere(view: WorkflowView, job: JobView, step: StepView, folders: Iterable[str]) -> Iterator[Finding]:
    """Yield the finding for STEP, which builds the members in FOLDERS, where JOB looks for the files."""
    for folder in folders:
        message = (
            f"`uv build` puts the files of {folder}, a member of the workspace, into dist/ of the root, and job {job.job.id} uploads {folder}/dist/"
        )
        fix = f"build with `--out-dir {folder}/dist` as seen from the folder of the step, or upload dist/"
        yield view.finding("workspace-dist", "error", message, step.line("run"), fix, PAGE)
