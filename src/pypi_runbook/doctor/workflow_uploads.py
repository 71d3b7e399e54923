"""The upload itself: what hides that it failed, what leaves out its proof, what runs beside its token, whose code it takes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.workflow_view import BUILDS, JobView, StepView, publishing_workflows, workflow_views
from pypi_runbook.finding import Finding
from pypi_runbook.project import Workflow
from pypi_runbook.project.publish_action import NAME as PUBLISH
from pypi_runbook.project.routes.warnings import before

SKIPS = re.compile(r"\btwine\b[^\n]*--skip-existing|\bpoetry publish\b[^\n]*--skip-existing|\bpdm publish\b[^\n]*--skip-existing")
# A run that another run started may know that its code is the repository's own.
KNOWN = re.compile(r"workflow_run\.(event|head_branch|head_repository)|head\.repo\.full_name|head\.repo\.fork")
HEAD = re.compile(r"github\.head_ref|github\.event\.pull_request\.head\.|refs/pull/|github\.event\.workflow_run\.head_")


def check_skip_existing(checkup: Checkup) -> Iterator[Finding]:
    """Find uploads to PyPI that call it a success when the index takes nothing."""
    for view in publishing_workflows(checkup):
        for job in view.publishing:
            for upload in job.uploads:
                step = job.step_of(upload)
                if step and upload.index == "pypi" and (key := skipping(step)):
                    yield view.finding(
                        "skip-existing-on-pypi",
                        "warning",
                        f"job {job.job.id} passes over files whose names PyPI has, so that a release that published nothing, or half of it, is green",
                        step.line(*key),
                        "remove it; publish a new version, or upload the missing files once by hand",
                        "troubleshooting/file-already-exists.md",
                    )


def skipping(step: StepView) -> tuple[str, ...] | None:
    """Return the keys by which STEP skips what exists."""
    if name := step.is_on("skip-existing", "skip_existing"):
        return ("with", name)
    return ("run",) if SKIPS.search(step.script) else None


def check_attestations(checkup: Checkup) -> Iterator[Finding]:
    """Find uploads whose proof of origin is switched off."""
    for view in publishing_workflows(checkup):
        for job in view.publishing:
            for step in job.steps:
                if step.action == PUBLISH and step.step.inputs.get("attestations") == "false":
                    message = f"job {job.job.id} publishes without attestations, so that nobody can check where the files come from"
                    line = step.line("with", "attestations")
                    yield view.finding(
                        "attestations-off", "note", message, line, "remove the input; they are on by default", "publishing/security.md"
                    )


def check_builds_beside_token(checkup: Checkup) -> Iterator[Finding]:
    """Find jobs that build and publish: the build backend and its dependencies run where they can ask for the token."""
    for view in publishing_workflows(checkup):
        for job in view.publishing:
            step = next((step for step in job.steps if step.builds), None)
            if step and (job.job.id_token or any(upload.auth == "token" for upload in job.uploads)):
                yield view.finding(
                    "builds-beside-token",
                    "warning",
                    f"job {job.job.id} builds where it publishes, so that everything that the build runs can publish too",
                    view.line_in(step, BUILDS),
                    "build in a job of its own, and hand the files over as an artifact",
                    "publishing/security.md",
                )


def check_pull_request_target(checkup: Checkup) -> Iterator[Finding]:
    """Find privileged runs that take a stranger's code, and publishing jobs that PyPI refuses for their event."""
    for view in workflow_views(checkup):
        if not view.events & {"pull_request_target", "workflow_run"}:
            continue
        for job in view.jobs.values():
            yield from untrusted_checkouts(view.file, job) if by_strangers(checkup, view.workflow) else ()
            if "pull_request_target" in view.events and job.trusted and not job.job.condition:
                page = "troubleshooting/pull-request-target.md"
                message = f"job {job.job.id} publishes on pull_request_target, and the index refuses a token from that event"
                fix = "publish on another event, for example a published release"
                yield view.finding("publishes-on-pull-request-target", "error", message, view.line("on", "pull_request_target"), fix, page)


def by_strangers(checkup: Checkup, workflow: Workflow) -> bool:
    """Tell whether a pull request can start WORKFLOW, itself or through the workflows that it follows by `workflow_run`."""
    waiting, seen = [workflow], set[str]()
    while waiting:
        each = waiting.pop()
        seen.add(each.file)
        followed = before(checkup.facts, each)
        unknown = {name for trigger in each.triggers for name in trigger.workflows} - {other.name for other in followed}
        if unknown or any(trigger.event.startswith("pull_request") for trigger in each.triggers):
            return True
        waiting += [other for other in followed if other.file not in seen]
    return False


def untrusted_checkouts(file: str, job: JobView) -> Iterator[Finding]:
    """Yield JOB's checkouts of what a pull request brings."""
    for step in job.steps if not KNOWN.search(job.job.condition or "") else ():
        inputs = step.step.inputs
        taken = inputs.get("ref", "") + inputs.get("repository", "")
        # One folder taken as data is a choice; the whole head is code that later steps run.
        if step.action == "actions/checkout" and HEAD.search(taken) and not inputs.get("sparse-checkout"):
            message = f"job {job.job.id} checks out a pull request's code in a run that has this repository's rights"
            fix = "run it on pull_request, or do not check out the head"
            yield Finding("untrusted-checkout", "error", message, file, step.line("with", "ref"), fix, "publishing/security.md")
