"""Clients that ignore proxy variables: without a namespace around them they would reach the real hosts."""

from __future__ import annotations

from pathlib import Path

from pypi_runbook.errors import RunbookError

OWN_FAILURE = 125
IGNORE_PROXIES = {"hatch": "hatch ignores proxy variables"}


def check_command(command: list[str], layers: list[str]) -> None:
    """Refuse by name a COMMAND that needs a namespace where LAYERS have none."""
    reason = IGNORE_PROXIES.get(Path(command[0]).name)
    if reason and "namespace" not in layers:
        message = f"{reason}, and this machine allows no network namespace, so it would reach the real PyPI"
        page = "explanation/twin.md"
        raise RunbookError("ignores-proxies", message, next="use another client, or allow user namespaces", page=page, status=OWN_FAILURE)
