"""All checks of the doctor, in the order in which their findings are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pypi_runbook.finding import Finding
from pypi_runbook.project import Facts


@dataclass(frozen=True)
class Checkup:
    """What a check may look at: the facts, and everything below their root; it runs nothing of the project and changes nothing."""

    facts: Facts


Check = Callable[[Checkup], Iterable[Finding]]
CHECKS: list[Check] = []


def examine(checkup: Checkup) -> list[Finding]:
    """Return every finding, each check's together, in file and line order."""
    found: list[Finding] = []
    for check in CHECKS:
        found += sorted(check(checkup), key=lambda finding: (finding.file or "", finding.line or 0))
    return found
