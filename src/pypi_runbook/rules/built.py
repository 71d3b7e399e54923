"""What speaks against a built file, as findings: PyPI's reason, and what `twine check --strict` prints."""

from __future__ import annotations

import re

from pypi_runbook.finding import Finding
from pypi_runbook.project.indexes import PYPI
from pypi_runbook.rules.catalogue import Refused, Site

ENTRIES = "troubleshooting"


def refused_file(refused: Refused, file: str) -> Finding:
    """Return the finding for FILE, which PyPI would refuse."""
    message = f"PyPI would refuse it: {refused.message(Site(PYPI.host))}"
    fix = "correct it in the project, commit, and build again"
    return Finding(refused.rule.id, "error", message, file, None, fix, f"{ENTRIES}/{refused.rule.entry or 'index'}.md")


def refused_by_twine(status: int, output: str) -> list[Finding]:
    """Return a finding for each file that `twine check --strict` refuses, by its OUTPUT without colours; it ended with STATUS."""
    # Beyond what it needs to read a file at all, twine checks only the description.
    page, fix = f"{ENTRIES}/description-does-not-render.md", "correct the description in pyproject.toml or the README, commit, and build again"
    failed = re.findall(r"^Checking (.+?): FAILED(.*)$", output, re.MULTILINE)
    if status and not failed:
        last = (output.strip().splitlines() or ["it said nothing"])[-1].strip()
        message = f"twine check --strict ended with status {status}: {last}"
        return [Finding("twine-check", "error", message, None, None, "build again, and look at the files", "publishing/manual.md")]
    return [Finding("twine-check", "error", f"twine check --strict refuses it{why}", name, None, fix, page) for name, why in failed]
