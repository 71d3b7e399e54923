"""GitHub's patterns for branches, tags and paths, as the filters of `on:` hold them.

The rules are those of the filter pattern cheat sheet: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence

# What each sign means alone; `?` and `+` repeat what stands before them.
SIGNS = {"?": "?", "+": "+", "*": "[^/]*"}
PIECE = re.compile(r"\*\*/|\*\*|\[[^]]+\]|\\.|.", re.DOTALL)


def pattern(text: str) -> re.Pattern[str]:
    """Return what the filter pattern TEXT matches as a whole; one that is no pattern matches only itself."""
    found = ""
    for piece in PIECE.findall(text):
        found += _expression(piece, found)
    try:
        # Python warns of brackets that it may read in another way some day.
        with warnings.catch_warnings(action="ignore", category=FutureWarning):
            return re.compile(found, re.DOTALL)
    except re.error:
        return re.compile(re.escape(text))


def _expression(piece: str, before: str) -> str:
    """Return PIECE of a pattern as a regular expression that follows BEFORE."""
    if piece in ("**/", "**"):
        return "(?:.*/)?" if piece == "**/" else ".*"
    if len(piece) > 2:
        return "[" + piece[1:-1].replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^") + "]"
    if len(piece) == 2:
        return re.escape(piece[1])
    if piece in SIGNS and (piece == "*" or (before and before[-1] not in "?+*")):
        return SIGNS[piece]
    return re.escape(piece)


def matches(patterns: Sequence[str], name: str) -> bool:
    """Tell whether NAME is among PATTERNS, of which a later one wins over an earlier, and `!` takes out."""
    chosen = False
    for text in patterns:
        if pattern(text.removeprefix("!")).fullmatch(name):
            chosen = not text.startswith("!")
    return chosen
