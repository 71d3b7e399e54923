"""Findings as GitHub's workflow commands, which show them beside the lines of a pull request."""

from __future__ import annotations

from pypi_runbook.finding import Finding

COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def annotation(finding: Finding, prefix: str = "") -> str:
    """Return FINDING as one workflow command; PREFIX leads from the repository's root to the project.

    Escapes as the runner undoes it: docs.github.com, "Workflow commands for GitHub Actions", and actions/toolkit's command.ts.
    """
    given = {"file": f"{prefix}{finding.file}" if finding.file else None, "line": finding.line, "title": f"pypi-runbook doctor: {finding.id}"}
    properties = ",".join(f"{name}={escaped(str(value), whole=True)}" for name, value in given.items() if value)
    told = "\n".join(filter(None, [finding.message, f"next: {finding.fix}" if finding.fix else None]))
    return f"::{COMMANDS[finding.severity]} {properties}::{escaped(told)}"


def escaped(text: str, *, whole: bool = False) -> str:
    """Return TEXT as a command's message, or with WHOLE as a property's value."""
    found = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return found.replace(":", "%3A").replace(",", "%2C") if whole else found
