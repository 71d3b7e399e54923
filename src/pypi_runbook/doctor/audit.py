"""zizmor's findings about the workflows that publish, in this product's form."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.tools import find, run
from pypi_runbook.errors import RunbookError
from pypi_runbook.finding import Finding

PAGE = "publishing/security.md"
SEVERITIES = {"High": "error", "Medium": "warning"}
# A trigger that runs a stranger's code is a way into the release wherever it stands.
ANYWHERE = ("dangerous-triggers",)
NOTHING_TO_AUDIT = 3
# What the checks of our own tell with more of the reason, by zizmor's name for it.
OURS = {
    "unpinned-uses": ("action-not-pinned",),
    "excessive-permissions": ("id-token-for-every-job", "permissions-not-set"),
    "cache-poisoning": ("cache-in-publishing",),
    "dangerous-triggers": ("publishes-on-pull-request-target",),
    "use-trusted-publishing": ("long-lived-token",),
}


def check_with_zizmor(checkup: Checkup) -> Iterator[Finding]:
    """Yield what zizmor, offline, finds of high and medium severity in publishing workflows and the actions of the project's own that they use.

    Raises RunbookError `zizmor-failed` when it gives no answer that can be read.
    """
    if not (checkup.root / ".github").is_dir():
        return
    publishing = concerned_files(checkup)
    for report in reports(checkup):
        severity = SEVERITIES.get(report["determinations"]["severity"])
        place = next(each for each in report["locations"] if each["symbolic"]["kind"] == "Primary")
        file = path_of(place)
        if file not in publishing:
            severity = "warning" if severity and report["ident"] in ANYWHERE else None
        if severity and not report.get("ignored"):
            line = int(place["concrete"]["location"]["start_point"]["row"]) + 1
            message = f"zizmor {report['ident']}: {report['desc']}; {place['symbolic']['annotation']}"
            yield Finding(f"zizmor-{report['ident']}", severity, message, file, line, f"read {report['url']}", PAGE)


def concerned_files(checkup: Checkup) -> set[str]:
    """Return the workflows that publish, and the project's own actions and workflows that these use."""
    found = {str(entry["workflow"]) for entries in checkup.facts.publishing.values() for entry in entries}
    used = [
        name.removeprefix("./")
        for workflow in checkup.facts.workflows
        for job in workflow.jobs
        for name in (job.calls, *(step.uses for step in job.steps))
        if workflow.file in found and name and name.startswith("./")
    ]
    return found | {f"{name}{end}" for name in used for end in ("", "/action.yml", "/action.yaml")}


def reports(checkup: Checkup) -> list[dict[str, Any]]:
    """Return zizmor's JSON about the root's `.github`; the project's own zizmor.yml counts."""
    command = [find("zizmor") or "zizmor", "--offline", "--quiet", "--no-progress", "--format=json-v1", "--min-severity=medium", "--", ".github"]
    done = run(command, checkup.root)
    try:
        return list(json.loads(done.stdout or "[]")) if done.returncode != NOTHING_TO_AUDIT else []
    except ValueError as error:
        words = (done.stderr or done.stdout).strip().splitlines() or [f"it ended with status {done.returncode}"]
        advice = "run zizmor --offline .github to see all of its words"
        raise RunbookError("zizmor-failed", f"zizmor could not look at the workflows: {words[0]}", ".github", None, advice, PAGE) from error


def path_of(place: dict[str, Any]) -> str:
    """Return the file of a zizmor location, relative to the root, with forward slashes."""
    key = place["symbolic"]["key"]["Local"]
    return PurePosixPath(str(key.get("verbatim_path") or key.get("given_path")).replace("\\", "/")).as_posix()


def without_repeats(findings: Iterable[Finding], told: Iterable[Finding]) -> Iterator[Finding]:
    """Yield those of zizmor's FINDINGS of which no other check has told the same at the same line."""
    places = {(finding.file, finding.line, finding.id) for finding in told}
    for finding in findings:
        ours = OURS.get(finding.id.removeprefix("zizmor-"), ())
        if not any((finding.file, finding.line, id_) in places for id_ in ours):
            yield finding
