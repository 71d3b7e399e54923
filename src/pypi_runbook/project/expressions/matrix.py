"""The legs of a job's `strategy.matrix`: every combination of its values, less `exclude`, and what `include` adds.

The rules are those of https://docs.github.com/en/actions/how-tos/write-workflows/choose-what-workflows-do/run-job-variations.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from pypi_runbook.project.expressions.values import as_text

# GitHub starts no more jobs than this for one matrix.
MOST_LEGS = 256
# Combinations times entries of `include` or `exclude` that are held against each; nobody writes as many.
MOST_COMPARISONS = 100_000


def legs(matrix: Mapping[str, Any], most: int = MOST_LEGS) -> list[dict[str, Any]]:
    """Return the `matrix` context of each leg of MATRIX, a mapping of plain values, in GitHub's order; no more than MOST."""
    axes = {name: values for name, values in matrix.items() if name not in ("include", "exclude") and isinstance(values, list)}
    combinations = itertools.islice(itertools.product(*axes.values()), most) if axes else ()
    originals = [dict(zip(axes, values, strict=True)) for values in combinations]
    entries = MOST_COMPARISONS // max(1, len(originals))
    excluded = _tables(matrix.get("exclude"))[:entries]
    kept = [leg for leg in originals if not any(_covers(entry, leg) for entry in excluded)]
    found, added = [dict(leg) for leg in kept], list[dict[str, Any]]()
    for entry in _tables(matrix.get("include"))[:entries]:
        own = {name: value for name, value in entry.items() if name in axes}
        hosts = [leg for leg, original in zip(found, kept, strict=True) if _covers(own, original)]
        for leg in hosts:
            leg.update(entry)
        added += [] if hosts else [dict(entry)]
    return (found + added)[:most]


def _tables(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _covers(part: Any, whole: Any) -> bool:
    """Tell whether everything in PART stands in WHOLE too; values are the same when their texts are, but for case."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and _covers(value, whole[key]) for key, value in part.items())
    if all(each is None or isinstance(each, str | int | float) for each in (part, whole)):
        return as_text(part).lower() == as_text(whole).lower()
    return bool(part == whole)
