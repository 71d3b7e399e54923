"""A report in words for people, and as the document that programs rely on."""

from __future__ import annotations

import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pypi_runbook.project.indexes import INDEXES
from pypi_runbook.rehearsal.results import JobResult, Report, StepResult

NAME = "rehearsal.json"


def as_json(report: Report) -> dict[str, Any]:
    """Return the document of `rehearse --json`."""
    return {
        "schema": 1,
        "event": report.event,
        "ref": report.ref,
        "workflow": report.workflow,
        "commit": report.commit,
        "run_number": report.run_number,
        "result": report.result,
        "jobs": [_job(job) for job in report.jobs],
        "uploads": [vars(upload) | {} for upload in report.uploads],
        "release": report.release,
        "not_rehearsed": [vars(each) | {} for each in report.not_rehearsed],
        "notes": report.notes,
        "refused": report.refused,
        "findings": [finding.as_json() for finding in report.findings],
        "seconds": report.seconds,
        "layers": report.layers,
        "transcript": report.transcript,
    }


def _job(job: JobResult) -> dict[str, Any]:
    return vars(job) | {"steps": [_step(step) for step in job.steps]}


def _step(step: StepResult) -> dict[str, Any]:
    """Return STEP with `uses` or `run`, whichever it has."""
    fields = {name: value for name, value in vars(step).items() if name not in ("uses", "run", "annotations")}
    what = {"uses": step.uses} if step.uses is not None else {"run": step.run}
    return fields | what | {"annotations": [vars(each) | {} for each in step.annotations]}


def in_words(report: Report) -> list[str]:
    """Return what came of the rehearsal."""
    lines = []
    for name, index in INDEXES.items():
        files = [upload for upload in report.uploads if upload.index == name]
        for publisher in dict.fromkeys(upload.publisher for upload in files):
            lines.append(f"published on {index.title} by {publisher or 'the token of a person'}:")
            lines += [f"  {upload.filename}  sha256 {upload.sha256}" for upload in files if upload.publisher == publisher]
    lines += [] if report.uploads else ["nothing was published"]
    if report.release and report.event != "release" and not report.uploads and not report.release["draft"]:
        lines.append(f"yet a job made the release {report.release['tag']}, which would be public on GitHub")
    if report.release:
        kind = "draft of the release" if report.release["draft"] else "pre-release" if report.release["prerelease"] else "release"
        lines += [f"notes of the {kind} {report.release['tag']}:", *(f"  | {line}" for line in report.release["body"].splitlines())]
    for essential, heading in ((True, "not rehearsed:"), (False, "GitHub would also do, or know:")):
        found = [each for each in report.not_rehearsed if each.essential is essential]
        lines += [heading, *(f"  {each.where}: {each.what}: {each.reason}" for each in found)] if found else []
    lines += report.refused
    lines += [line for finding in report.findings for line in str(finding).splitlines()]
    lines.append(f"layers that held: {', '.join(report.layers)}")
    lines.append(f"result: {report.result}, in {report.seconds:.1f} s{_why(report)}")
    return lines


def _why(report: Report) -> str:
    """Return which jobs failed, or why the result is incomplete."""
    failed = [job for job in report.jobs if job.result in ("failure", "cancelled")]
    if failed:
        return "; " + ", ".join(f"{job.name} ({job.file}:{job.line})" for job in failed) + " did not succeed"
    if report.findings:
        return "; every job succeeded, but the run did not publish what it was for"
    return "; a part of the workflow was not rehearsed, so it may still fail" if report.result == "incomplete" else ""


def keep(report: Report, folder: Path) -> None:
    """Write REPORT into FOLDER as the last one, in one step; OSError when that cannot be done."""
    document = as_json(report) | {"finished": datetime.now(UTC).isoformat(timespec="seconds")}
    handle, name = tempfile.mkstemp(dir=folder, prefix=f"{NAME}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(document, stream, indent=2)
        Path(name).replace(folder / NAME)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
