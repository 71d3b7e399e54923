"""The language of `${{ }}`: reading, checking and working out GitHub's expressions."""

from pypi_runbook.project.expressions.errors import ExpressionError, Size
from pypi_runbook.project.expressions.scope import Scope
from pypi_runbook.project.expressions.templates import condition, evaluate, interpolate, is_expression, names
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
    "condition",
    "evaluate",
    "interpolate",
    "is_expression",
    "names",
    "truthy",
]
