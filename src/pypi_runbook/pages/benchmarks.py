"""What the benchmarks found, as the scripts in tests/benchmarks/ left it in docs/assets/benchmarks/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.pages.tables import table

FOLDER = Path("assets", "benchmarks")
CASES = {"uploads": "Uploads of a small wheel", "simple-index": "Pages of the simple index"}
KINDS = {
    "environments": "pages: environments with pip or uv",
    "builds": "pages: builds",
    "uploads": "pages: uploads",
    "checks": "pages: checks",
    "rehearsals": "pages: rehearsals",
    "other": "pages: everything else",
}
STARTS = {"process": "the command, from its start to its first answer", "twin": "the same inside a Python that has everything imported"}


def benchmark_table(docs: Path, name: str) -> str:
    """Return the table of the benchmark NAME (a file below the folder DOCS), with when and where it was measured."""
    place = docs / FOLDER / f"{name}.json"
    if not place.is_file():
        raise RunbookError(
            "no-such-benchmark", f"there is no result of a benchmark `{name}`", next="ask for index, start, manual, rehearsal or testing"
        )
    found = json.loads(place.read_text(encoding="utf-8"))
    rows = {"index": _ratios, "start": _starts, "manual": _paths, "rehearsal": _rehearsal, "testing": _testing}[name](found)
    return f"{rows}\n{_where(found, {'start': 'fastest', 'testing': 'sum'}.get(name, 'median'))}\n"


def _ratios(found: dict[str, Any]) -> str:
    """Return how many requests the twin answers while another server answers one."""
    others = list(dict.fromkeys(each["than"] for each in found["ratios"]))
    ratios = {(each["case"], each["clients"], each["than"]): each["ratio"] for each in found["ratios"]}
    rows = [
        [CASES[case], str(clients), *(f"{ratios[case, clients, other]:.2f}" for other in others)]
        for case, clients in dict.fromkeys((each["case"], each["clients"]) for each in found["ratios"])
    ]
    return table(["Requests", "Clients at once", *(f"Twin : {other} {found['versions'][other]}" for other in others)], rows)


def _starts(found: dict[str, Any]) -> str:
    return table(["Start", "Seconds"], [[words, f"{found['seconds'][case]:.2f}"] for case, words in STARTS.items()])


def _paths(found: dict[str, Any]) -> str:
    return table(
        ["From a fresh clone to files that are verified on both indexes", "Times as long as by hand"],
        [["the helper scripts", f"{found['ratio']:.2f}"]],
    )


def _rehearsal(found: dict[str, Any]) -> str:
    return table(
        ["A release of this repository, from its build to its notes", "Times as long as its steps run bare"],
        [["the rehearsal", f"{found['ratio']:.2f}"]],
    )


def _testing(found: dict[str, Any]) -> str:
    """Return where the seconds of a full test run go, all workers together."""
    seconds = found["seconds"]
    parts = [
        *((KINDS[kind], value) for kind, value in seconds["pages"].items()),
        *((f"`tests/{folder.replace(' ', '/')}`", value) for folder, value in seconds["tests"].items()),
    ]
    whole = sum(value for _, value in parts) or 1
    rows = [[name, str(value), f"{value / whole:.0%}"] for name, value in sorted(parts, key=lambda part: -part[1])]
    return table(["What", "Seconds", "Share"], rows)


def _where(found: dict[str, Any], counts: str) -> str:
    cpus = f"{found['cpus']} processor{'s' * (found['cpus'] != 1)}"
    return f"Measured on {found['date']} on {cpus}: the {counts} of {found['rounds']} round{'s' * (found['rounds'] != 1)}."
