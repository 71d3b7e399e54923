"""All checks of the doctor, in the order in which their findings are told."""

from __future__ import annotations

import subprocess

from pypi_runbook.doctor.checkup import Check, Checkup, in_order, unfinished
from pypi_runbook.errors import RunbookError
from pypi_runbook.finding import Finding

# One line for each function, which takes the Checkup and yields findings.
CHECKS: list[Check] = []


def examine(checkup: Checkup) -> list[Finding]:
    """Return every finding, each check's together, in file and line order; a check that cannot be carried out is a finding too."""
    found: list[Finding] = []
    for check in CHECKS:
        checkup.say(check.__name__.removeprefix("check_").replace("_", " "))
        try:
            found += in_order(check(checkup))
        except (RunbookError, subprocess.SubprocessError, OSError) as error:
            found.append(unfinished(check, error))
    return list(dict.fromkeys(found))
