"""The release's text: steps that write over what a person wrote there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.workflow_view import StepView, workflow_views
from pypi_runbook.finding import Finding

EDITS = re.compile(r"\bgh release edit\b[^\n]*(?:\s-n\b|\s-F\b|--notes\b|--notes-file\b)")
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
