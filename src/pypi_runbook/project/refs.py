"""GitHub's patterns for branches, tags and paths, as the filters of `on:` hold them.

The rules are those of the filter pattern cheat sheet: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

PIECE = re.compile(r"\*\*/|\*\*|\[[^]]+\]|\\.|.", re.DOTALL)


@dataclass(frozen=True)
class Part:
    """One sign of a pattern: the character that it means; whether it may be absent, or (skip) it and as many parts after it; whether it repeats."""

    meant: re.Pattern[str]
    absent: bool = False
    repeats: bool = False
    skip: int = 1


ANY, WITHIN, STROKE, NOTHING = re.compile(".", re.DOTALL), re.compile("[^/]"), re.compile("/"), re.compile("(?!)")
# `**/` is nothing at all, or anything with a stroke behind it.
SIGNS = {
    "**/": [Part(NOTHING, absent=True, skip=3), Part(ANY, absent=True, repeats=True), Part(STROKE)],
    "**": [Part(ANY, absent=True, repeats=True)],
    "*": [Part(WITHIN, absent=True, repeats=True)],
}


@cache
def pattern(text: str) -> tuple[Part, ...]:
    """Return the parts of the filter pattern TEXT; one that is no pattern matches only itself."""
    found: list[Part] = []
    before = "*"
    try:
        for piece in PIECE.findall(text):
            if piece in ("?", "+") and before not in (*SIGNS, "?", "+"):
                found[-1] = replace(found[-1], absent=piece == "?", repeats=piece == "+")
            else:
                found += SIGNS.get(piece) or [Part(_character(piece))]
            before = piece
    except re.error:
        return tuple(Part(re.compile(re.escape(each), re.DOTALL)) for each in text)
    return tuple(found)


@cache
def _character(piece: str) -> re.Pattern[str]:
    """Return what PIECE means: one of those in brackets, or itself."""
    if len(piece) < 3:
        return re.compile(re.escape(piece[-1]))
    # Python warns of brackets that it may read in another way some day.
    with warnings.catch_warnings(action="ignore", category=FutureWarning):
        return re.compile("[" + piece[1:-1].replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^") + "]")


def fits(text: str, name: str) -> bool:
    """Tell whether the pattern TEXT matches the whole of NAME.

    All ways through it are followed at once: an engine that tries one after the other may need longer than anybody lives.
    """
    parts = pattern(text)
    places = _reached(parts, {0})
    for character in name:
        taking = [at for at in places if at < len(parts) and parts[at].meant.match(character)]
        places = _reached(parts, {at + 1 for at in taking} | {at for at in taking if parts[at].repeats})
        if not places:
            return False
    return len(parts) in places


def _reached(parts: Sequence[Part], places: set[int]) -> set[int]:
    """Return PLACES and those behind parts that may be absent there."""
    found, left = set(places), list(places)
    while left:
        at = left.pop()
        more = {at + 1, at + parts[at].skip} - found if at < len(parts) and parts[at].absent else ()
        found.update(more)
        left += more
    return found


def matches(patterns: Sequence[str], name: str) -> bool:
    """Tell whether NAME is among PATTERNS, of which a later one wins over an earlier, and `!` takes out."""
    chosen = False
    for text in patterns:
        if fits(text.removeprefix("!"), name):
            chosen = not text.startswith("!")
    return chosen
