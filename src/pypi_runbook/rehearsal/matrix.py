"""The legs of a matrix: its combinations without those of `exclude`, and with what `include` adds to them or beside them."""

from __future__ import annotations

import itertools
from typing import Any

from pypi_runbook.project.expressions import Value, as_text

# GitHub starts no more jobs from one matrix.
MOST = 256
Leg = dict[str, Value]


def legs(matrix: Any) -> list[Leg]:
    """Return the legs of MATRIX, the value of `strategy.matrix` with its expressions worked out; ValueError in GitHub's words.

    One leg without any values where there is no matrix.
    """
    if matrix is None:
        return [{}]
    if not isinstance(matrix, dict):
        raise ValueError("A sequence was not expected" if isinstance(matrix, list) else f"Unexpected value '{as_text(matrix)}'")
    vectors = {str(name): values for name, values in matrix.items() if name not in ("include", "exclude")}
    for name, values in vectors.items():
        if not isinstance(values, list):
            raise ValueError(f"Unexpected value '{as_text(values)}'")
        if not values:
            raise ValueError(f"Matrix vector '{name}' does not contain any values")
    includes, excludes = _filters(matrix.get("include")), _filters(matrix.get("exclude"))
    if not vectors and not includes:
        raise ValueError("Matrix must define at least one vector")
    found = _include([leg for leg in _product(vectors) if not any(_covers(each, leg) for each in excludes)], includes, set(vectors))
    if len(found) > MOST:
        raise ValueError(f"a matrix has at most {MOST} jobs, and this one has {len(found)}")
    return found


def leg_name(leg: Leg) -> str:
    """Return what GitHub puts behind a job's name for LEG, nothing without a matrix."""
    shown = ", ".join(as_text(value) for value in leg.values() if not isinstance(value, dict | list))
    return f" ({shown})" if shown else ""


def _product(vectors: dict[str, Any]) -> list[Leg]:
    if not vectors:
        return []
    size = 1
    for values in vectors.values():
        size *= len(values)
    if size > MOST * MOST:
        raise ValueError(f"a matrix has at most {MOST} jobs, and this one has {size} combinations")
    return [dict(zip(vectors, values, strict=True)) for values in itertools.product(*vectors.values())]


def _filters(value: Any) -> list[Leg]:
    """Return the mappings of `include` or `exclude`."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise ValueError(f"Unexpected value '{as_text(value)}'")
    return value


def _include(found: list[Leg], includes: list[Leg], vectors: set[str]) -> list[Leg]:
    """Add each of INCLUDES to the legs whose own values it leaves as they are, or as a leg of its own where there is none."""
    originals = [dict(leg) for leg in found]
    alone: list[Leg] = []
    for each in includes:
        fitting = [number for number, leg in enumerate(originals) if all(_same(leg[key], value) for key, value in each.items() if key in vectors)]
        for number in fitting:
            found[number].update(each)
        if not fitting:
            alone.append(dict(each))
    return found + alone


def _covers(part: Any, whole: Any) -> bool:
    """Tell whether everything in PART stands in WHOLE too."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and _covers(value, whole[key]) for key, value in part.items())
    return _same(part, whole)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict | list) or isinstance(other, dict | list):
        return bool(one == other)
    return as_text(one).lower() == as_text(other).lower()
