"""The language of `${{ }}`: reading, checking and working out GitHub's expressions."""

from pypi_runbook.project.expressions.errors import ExpressionError, Size
from pypi_runbook.project.expressions.scope import Scope
from pypi_runbook.project.expressions.templates import calls_no_status, condition, evaluate, interpolate, is_expression, names, taken_for_booleans
from pypi_runbook.project.expressions.values import UNKNOWN, CaseSensitive, Open, Unknown, Value, as_text, truthy

__all__ = [
    "UNKNOWN",
    "CaseSensitive",
    "ExpressionError",
    "Open",
    "Scope",
    "Size",
    "Unknown",
    "Value",
    "as_text",
    "calls_no_status",
    "condition",
    "evaluate",
    "interpolate",
    "is_expression",
    "names",
    "taken_for_booleans",
    "truthy",
]
