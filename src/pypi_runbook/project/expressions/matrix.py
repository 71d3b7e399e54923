"""The legs of a job's `strategy.matrix`: every combination of its values, less `exclude`, and what `include` adds.

The rules are those of https://docs.github.com/en/actions/how-tos/write-workflows/choose-what-workflows-do/run-job-variations.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

# GitHub starts no more jobs than this for one matrix.
MOST_LEGS = 256


def legs(matrix: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the `matrix` context of each leg of MATRIX, a mapping of plain values, in GitHub's order; no more than MOST_LEGS."""
    axes = {name: values for name, values in matrix.items() if name not in ("include", "exclude") and isinstance(values, list)}
    combinations = itertools.islice(itertools.product(*axes.values()), MOST_LEGS) if axes else ()
    excluded = _tables(matrix.get("exclude"))
    originals = [dict(zip(axes, values, strict=True)) for values in combinations]
    kept = [leg for leg in originals if not any(_fits(entry, leg, entry) for entry in excluded)]
    found, added = [dict(leg) for leg in kept], list[dict[str, Any]]()
    for entry in _tables(matrix.get("include")):
        hosts = [leg for leg, original in zip(found, kept, strict=True) if _fits(entry, original, entry.keys() & axes.keys())]
        for leg in hosts:
            leg.update(entry)
        added += [] if hosts else [dict(entry)]
    return (found + added)[:MOST_LEGS]


def _tables(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _fits(entry: Mapping[str, Any], leg: Mapping[str, Any], names: Any) -> bool:
    """Tell whether ENTRY says of NAMES what LEG says."""
    return all(name in leg and leg[name] == entry[name] for name in names)
