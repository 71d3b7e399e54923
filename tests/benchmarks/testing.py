#!/usr/bin/env python3
"""Where the time of a full test run goes: seconds of all workers together, pages by kind of command and tests by folder.

    scripts/test && .venv/bin/python tests/benchmarks/testing.py --write

It runs nothing: it reads what the last full run left in .runbook/.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from keeping import keep, read_options

from pypi_runbook.pages import results

ROOT = Path(__file__).resolve().parents[2]
# The first kind that a snippet matches counts: a block that makes an environment and builds in it is mostly the former.
KINDS = {
    "environments": r"-m venv|pip install|uv (?:venv|sync|pip|tool)|pipx",
    "builds": r"-m build\b|scripts/build|(?:poetry|uv|hatch|pypi-runbook) build",
    "uploads": r"twine upload|scripts/upload|(?:poetry|uv|hatch) publish|pypi-runbook upload",
    "checks": r"twine check|scripts/(?:check|verify)|pypi-runbook (?:check|verify|doctor)",
    "rehearsals": r"rehearse",
}


def kind_of(text: str) -> str:
    """Return what the commands of a snippet mostly do."""
    return next((kind for kind, pattern in KINDS.items() if re.search(pattern, text)), "other")


def seconds_of_pages(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Return the seconds of the snippets in ROWS by kind."""
    seconds: dict[str, float] = defaultdict(float)
    for row in rows:
        seconds[kind_of(row["text"])] += row["seconds"]
    return seconds


def seconds_of_tests(durations: dict[str, float]) -> dict[str, float]:
    """Return the seconds of test files by folder, `tests/twin/clients` as `twin clients`; DURATIONS has each file's."""
    seconds: dict[str, float] = defaultdict(float)
    for file, duration in durations.items():
        seconds[" ".join(Path(file).parent.parts[1:])] += duration
    return seconds


def rounded(seconds: dict[str, float]) -> dict[str, int]:
    """Return whole SECONDS, since no run is like another."""
    return {name: round(value) for name, value in seconds.items()}


def main() -> None:
    """Keep both tables, the longest first."""
    options = read_options(__doc__, rounds=1)
    rows = [row for entry in results.load(ROOT)["pages"].values() for row in entry["snippets"]]
    pages = seconds_of_pages(rows)
    tests = seconds_of_tests(json.loads((ROOT / ".runbook" / "durations.json").read_text()))
    found = {name: dict(sorted(rounded(seconds).items(), key=lambda part: -part[1])) for name, seconds in (("pages", pages), ("tests", tests))}
    keep("testing", options, {"seconds": found})


if __name__ == "__main__":
    main()
