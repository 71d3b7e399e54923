"""Whether the expressions in a text of a workflow are ones, and use only what GitHub knows at that place."""

from __future__ import annotations

from pypi_runbook.project.expressions import ExpressionError
from pypi_runbook.project.expressions.templates import condition_trees, pieces

FUNCTIONS = {"hashFiles", "success", "failure", "always", "cancelled"}


def problem(text: str, allowed: tuple[str, ...], *, condition: bool) -> str:
    """Return what GitHub has against the expressions in TEXT, nothing when they are right.

    allowed: the contexts and functions that are known there; condition: TEXT is an expression even without `${{ }}`.
    """
    contexts, functions = [name for name in allowed if name not in FUNCTIONS], [name for name in allowed if name in FUNCTIONS]
    if not contexts:
        return "A template expression is not allowed in this context"
    try:
        if condition:
            condition_trees(text, contexts, functions)
        else:
            for piece in pieces(text):
                if not isinstance(piece, str):
                    piece.tree(contexts, functions)
    except ExpressionError as error:
        return error.message
    return ""
