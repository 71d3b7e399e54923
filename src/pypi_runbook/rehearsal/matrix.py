"""The legs of a matrix whose expressions are worked out: GitHub's words for one that it would not take, and the names of its jobs."""

from __future__ import annotations

import math
from typing import Any

from pypi_runbook.project.expressions import Value, as_text
from pypi_runbook.project.expressions import matrix as expanding
from pypi_runbook.project.expressions.matrix import MOST_COMPARISONS, MOST_LEGS

# As many combinations are looked at before `exclude` takes some out.
MOST_COMBINATIONS = MOST_LEGS * MOST_LEGS
Leg = dict[str, Value]


def legs(matrix: Any) -> list[Leg]:
    """Return the legs of MATRIX, the value of `strategy.matrix` with its expressions worked out; ValueError in GitHub's words.

    One leg without any values where there is no matrix.
    """
    if matrix is None:
        return [{}]
    if not isinstance(matrix, dict):
        raise ValueError("A sequence was not expected" if isinstance(matrix, list) else f"Unexpected value '{as_text(matrix)}'")
    _check(matrix)
    found = expanding.legs(matrix, MOST_COMBINATIONS)
    if len(found) > MOST_LEGS:
        raise ValueError(f"a matrix has at most {MOST_LEGS} jobs, and this one has {len(found)}")
    return found


def leg_name(leg: Leg) -> str:
    """Return what GitHub puts behind a job's name for LEG, nothing without a matrix."""
    shown = ", ".join(as_text(value) for value in leg.values() if not isinstance(value, dict | list))
    return f" ({shown})" if shown else ""


def _check(matrix: dict[str, Any]) -> None:
    """Raise GitHub's error for a MATRIX with anything else in it than lists, with empty ones, or with none at all."""
    vectors = {name: values for name, values in matrix.items() if name not in ("include", "exclude")}
    for name, values in vectors.items():
        if not isinstance(values, list):
            raise ValueError(f"Unexpected value '{as_text(values)}'")
        if not values:
            raise ValueError(f"Matrix vector '{name}' does not contain any values")
    for value in (matrix.get("include"), matrix.get("exclude")):
        if value is not None and (not isinstance(value, list) or not all(isinstance(each, dict) for each in value)):
            raise ValueError(f"Unexpected value '{as_text(value)}'")
    if not vectors and not matrix.get("include"):
        raise ValueError("Matrix must define at least one vector")
    size = math.prod(len(values) for values in vectors.values())
    if size > MOST_COMBINATIONS:
        raise ValueError(f"a matrix has at most {MOST_LEGS} jobs, and this one has {size} combinations")
    if size * sum(len(matrix.get(name) or ()) for name in ("include", "exclude")) > MOST_COMPARISONS:
        raise ValueError("Maximum events exceeded while evaluating the template. This may indicate an infinite loop or too many nested loops.")
