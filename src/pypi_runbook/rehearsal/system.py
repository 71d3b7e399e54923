"""The systems that can stand for GitHub's Ubuntu runners; nothing is imported here that others lack."""

from __future__ import annotations

from pypi_runbook.errors import RunbookError


def check_system(name: str) -> None:
    """Raise RunbookError on a system, NAME of `os.name`, that has neither the runner's shells nor its process groups."""
    if name == "nt":
        message = "Windows cannot stand for GitHub's Ubuntu runners, whose shells and processes the steps need"
        raise RunbookError("no-such-runner", message, next="rehearse in WSL or on another machine", page="publishing/rehearsal.md")
