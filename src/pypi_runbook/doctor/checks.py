"""All checks of the doctor, in the order in which their findings are told."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable

from pypi_runbook.doctor import audit, contents, distributions, lock, metadata, pythons, refused, release, tables, tokens
from pypi_runbook.doctor.checkup import Check, Checkup, in_order, unfinished
from pypi_runbook.doctor.guide_checks import check_guide
from pypi_runbook.doctor.workflow_checks import WORKFLOW_CHECKS
from pypi_runbook.errors import RunbookError
from pypi_runbook.finding import Finding

# One line for each function, which takes the Checkup and yields findings.
CHECKS: list[Check] = [
    refused.check_refused,
    metadata.check_metadata_practices,
    pythons.check_pythons,
    tables.check_tables,
    contents.check_contents,
    release.check_version_and_tag,
    lock.check_lock,
    distributions.check_distributions,
    tokens.check_tokens,
    *WORKFLOW_CHECKS,
    check_guide,
]


def examine(checkup: Checkup) -> list[Finding]:
    """Return every finding, each check's together, in file and line order; a check that cannot be carried out is a finding too.

    Raises RunbookError `nothing-to-examine` when nothing here describes or publishes a distribution.
    """
    found = list(what_is_missing(checkup))
    for check in CHECKS:
        found += carry_out(check, checkup)
    found += audit.without_repeats(carry_out(audit.check_with_zizmor, checkup), found)
    return list(dict.fromkeys(found))


def carry_out(check: Check, checkup: Checkup) -> list[Finding]:
    """Return what CHECK finds in order, or the finding that it could not be carried out."""
    checkup.say(check.__name__.removeprefix("check_").replace("_", " "))
    try:
        return in_order(check(checkup))
    except (RunbookError, subprocess.SubprocessError, OSError) as error:
        return [unfinished(check, error)]


def what_is_missing(checkup: Checkup) -> Iterable[Finding]:
    """Yield a finding when nothing publishes what the metadata describe, or nothing describes what a workflow publishes."""
    facts = checkup.facts
    described = any(project.name or project.backend for project in (facts.project, *facts.projects)) or (checkup.root / "setup.py").is_file()
    published = any(facts.publishing.values())
    if not described and not published:
        message = "nothing here describes a distribution, and no workflow publishes one, so there is nothing to examine"
        advice = "give the repository's folder with --project"
        raise RunbookError("nothing-to-examine", message, next=advice, page="publishing/doctor.md")
    if not described:
        message = "a workflow publishes, but no pyproject.toml, setup.cfg or setup.py describes what"
        yield Finding("nothing-described", "error", message, fix="add a pyproject.toml", page="publishing/metadata.md")
    if not published:
        message = "no workflow publishes this project, so only what releases by hand need was examined"
        yield Finding("nothing-publishes", "warning", message, fix="set the publishing workflow up", page="publishing/setup.md")
