"""The error of an expression, in the words that GitHub uses on the page of a run."""

from __future__ import annotations

from typing import TypeVar

Kept = TypeVar("Kept")
DEEPEST = 50
LONGEST = 21_000
# GitHub stops at 10 MiB for what functions make of texts, and a character takes two bytes there.
MOST_CHARACTERS = 5 * 1024 * 1024


class ExpressionError(Exception):
    """An expression that GitHub would refuse, or that fails when it is worked out.

    message: GitHub's words. column: where in the text that was given, from 1.
    """

    def __init__(self, message: str, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.column = column


def at(what: str, raw: str, position: int, text: str) -> ExpressionError:
    """Return the error that WHAT is wrong with the symbol RAW, which stands at POSITION (from 0) of TEXT."""
    return ExpressionError(f"{what}: '{raw}'. Located at position {position + 1} within expression: {text}", position + 1)


def too_deep() -> ExpressionError:
    """Return the error for more levels than GitHub takes."""
    return ExpressionError(f"Exceeded max expression depth {DEEPEST}")


def too_long() -> ExpressionError:
    """Return the error for a longer text than GitHub takes."""
    return ExpressionError(f"Exceeded max expression length {LONGEST}")


class Size:
    """Counts the text of several values that are worked out together, as one value is counted."""

    def __init__(self) -> None:
        self._characters = 0

    def of(self, value: Kept) -> Kept:
        """Return VALUE; ExpressionError when there is more text by now than GitHub keeps."""
        self._characters += len(value) if isinstance(value, str) else 0
        if self._characters > MOST_CHARACTERS:
            raise ExpressionError("Maximum object size exceeded")
        return value


def too_large(text: str) -> ExpressionError:
    """Return the error for more text than GitHub keeps while it works out TEXT."""
    return ExpressionError(f"The maximum allowed memory size was exceeded while evaluating the following expression: {text}")
