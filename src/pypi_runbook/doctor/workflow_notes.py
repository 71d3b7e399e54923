"""The release on GitHub: steps that write over what a person wrote there, and jobs that make one before, or without, the upload."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.workflow_view import JobView, StepView, WorkflowView, publishing_workflows, workflow_views
from pypi_runbook.finding import Finding
from pypi_runbook.project.routes import routes

EDITS = re.compile(r"\bgh release edit\b[^\n]*(?:\s-n\b|\s-F\b|--notes\b|--notes-file\b)")
MAKING = {"softprops/action-gh-release", "ncipollo/release-action", "actions/create-release"}
CREATES = re.compile(r"\bgh release create\b(?![^\n]*--draft\b)")
READS = re.compile(r"\bgh release view\b|\bgh api\b")


def check_release_notes(checkup: Checkup) -> Iterator[Finding]:
    """Find steps that replace the notes of a release which a person published: the release starts the workflow, so its text stands already."""
    for view in workflow_views(checkup):
        for job in view.jobs.values() if "release" in view.events else ():
            for step in job.steps:
                if fix := replaces(step):
                    yield view.finding(
                        "replaces-release-notes",
                        "warning",
                        f"job {job.job.id} replaces the notes that a person wrote into the release",
                        step.line("uses" if step.step.uses else "run"),
                        fix,
                        "publishing/release.md",
                    )


def replaces(step: StepView) -> str | None:
    """Return how to keep what stands in the notes, None when STEP keeps it."""
    inputs = step.step.inputs
    if step.action == "softprops/action-gh-release" and (inputs.get("body") or inputs.get("body_path")):
        return None if step.is_on("append_body") else "add `append_body: true`, or append with `gh release edit` once"
    if step.action == "ncipollo/release-action" and step.is_on("allowUpdates") and (inputs.get("body") or inputs.get("bodyFile")):
        return None if step.is_on("omitBodyDuringUpdate", "omitBody") else "add `omitBodyDuringUpdate: true`"
    script = step.script
    if EDITS.search(script) and not READS.search(script):
        return "read the notes with `gh release view` first, and write them back with what is new"
    return None


def check_release_waits(checkup: Checkup) -> Iterator[Finding]:
    """Find jobs that make a public release before the upload to PyPI has succeeded; a release that starts the workflow is there already."""
    for view in publishing_workflows(checkup):
        for job in view.jobs.values() if "release" not in view.events else ():
            step = next((step for step in job.steps if makes_release(step)), None)
            if step and happens_before(view, job, step) and together(checkup, view, job):
                names = ", ".join(each.job.id for each in to_pypi(view))
                yield view.finding(
                    "release-before-upload",
                    "warning",
                    f"job {job.job.id} makes a public release without waiting for the upload to PyPI in job {names}, which can still fail",
                    step.line("uses" if step.step.uses else "run"),
                    f"add `needs: {names}` to the job, or make the release a draft until the upload is done",
                    "publishing/release.md",
                )


def makes_release(step: StepView) -> bool:
    """Tell whether STEP makes a release that everybody can see."""
    return (step.action in MAKING and not step.is_on("draft")) or bool(CREATES.search(step.script))


def to_pypi(view: WorkflowView) -> list[JobView]:
    """Return the jobs of VIEW that upload to PyPI."""
    return [job for job in view.publishing if any(upload.index == "pypi" for upload in job.uploads)]


def happens_before(view: WorkflowView, job: JobView, step: StepView) -> bool:
    """Tell whether STEP of JOB can run before anything is on PyPI."""
    earlier = [upload.line for upload in job.uploads if upload.index == "pypi" and upload.line < step.step.line]
    return bool(to_pypi(view)) and not earlier and not any(each in to_pypi(view) for each in view.before(job))


def together(checkup: Checkup, view: WorkflowView, job: JobView) -> bool:
    """Tell whether one way to start VIEW can both run JOB and publish to PyPI."""
    found = routes(checkup.facts, view.workflow)
    return any(route.jobs.get(job.job.id) is not False and "pypi" in route.indexes(surely=False) for route in found)
