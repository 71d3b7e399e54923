"""Poetry's own way to write requirements, in the words of PEP 440 and PEP 508."""

from __future__ import annotations

import re
from typing import Any

from packaging.version import Version

from pypi_runbook.project.text import words


def specifier(constraint: str) -> str | None:
    """Return CONSTRAINT as a PEP 440 specifier, empty for "any"; None where Poetry says more than PEP 440 can (`||`)."""
    if "|" in constraint:
        return None
    parts = re.sub(r"([<>=!~^])\s+", r"\1", constraint).replace(",", " ").split()
    try:
        return ",".join(filter(None, (clause(part) for part in parts)))
    except ValueError:  # also Python's own, for a number of 5000 digits
        return None


def clause(part: str) -> str:
    """Return one clause: `^1.2`, `~1.2`, `1.2.*`, `*`, a bare version, or what PEP 440 already knows."""
    if part == "*":
        return ""
    if part.startswith(("~=", "<", ">", "=", "!")):
        return part if not re.match(r"=[^=]", part) else "=" + part
    if part[0] in "^~":
        low = part[1:]
        return f">={low},<{ceiling(Version(low), caret=part[0] == '^')}"
    if not part.endswith("*"):
        Version(part)
    return "==" + part


def ceiling(low: Version, *, caret: bool) -> str:
    """Return the first release that `^LOW` or `~LOW` leaves out."""
    release = list(low.release)
    first = next((place for place, number in enumerate(release) if number), len(release) - 1)
    keep = first if caret else min(1, len(release) - 1)
    top = [*release[:keep], release[keep] + 1]
    return ".".join(str(number) for number in ([*top, 0] if len(top) == 1 else top))


def requirements(dependencies: dict[str, Any]) -> list[str]:
    """Return Poetry's DEPENDENCIES as PEP 508 lines, without `python` and without those that only an extra asks for."""
    lines = []
    for name, wanted in dependencies.items():
        if name.lower() == "python":
            continue
        for one in wanted if isinstance(wanted, list) else [wanted]:
            table = one if isinstance(one, dict) else {"version": str(one)}
            if not table.get("optional"):
                lines.append(requirement(name, table))
    return lines


def requirement(name: str, table: dict[str, Any]) -> str:
    """Return the PEP 508 line of one dependency."""
    extras = f"[{','.join(words(table['extras']))}]" if table.get("extras") else ""
    place = table.get("url") or table.get("path") or (f"git+{table['git']}" if table.get("git") else None)
    version = f" @ {place}" if place else specifier(str(table.get("version", "*"))) or ""
    marker = f" ; {table['markers']}" if table.get("markers") else ""
    return f"{name}{extras}{version}{marker}"
