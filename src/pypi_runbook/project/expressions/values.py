"""The values of expressions: how GitHub takes each of them as a truth, a number and a text, and how it compares two.

The rules are those of https://docs.github.com/en/actions/reference/workflows-and-actions/expressions, and, where that
page is silent, those of actions/runner's src/Sdk/DTExpressions2.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from enum import Enum
from typing import Final, Literal, Union, cast

NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
# Both become letters of the alphabet in upper case; GitHub compares them with nothing but themselves.
OWN_CASE = "\u0131\u017f"


class _Unknown(Enum):
    UNKNOWN = "UNKNOWN"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown.UNKNOWN
"""What only a run can tell."""
Unknown = Literal[_Unknown.UNKNOWN]
Value = Union[None, bool, int, float, str, "list[Value]", "dict[str, Value]", Unknown]


class Open(dict[str, Value]):
    """A context of which only some entries are known: every other one is UNKNOWN, not null."""


class CaseSensitive(dict[str, Value]):
    """A context whose names are told apart by case, as `env` is on every runner but Windows."""


class Filtered(list[Value]):
    """What `.*` gives: an index applies to each of the items."""


def primitive(value: Value) -> bool:
    """Tell whether VALUE is neither an array nor an object."""
    return not isinstance(value, list | dict)


def number_of(text: str) -> float:
    """Return TEXT as a number, NaN when it is none; white space around it does not count, and no text at all is 0."""
    text = trim(text)
    if not text:
        return 0.0
    if NUMBER.fullmatch(text):
        return float(text)
    if re.fullmatch(r"0x[0-9a-fA-F]+", text):
        return _int32(int(text, 0))
    if re.fullmatch(r"0o[0-7]+", text):
        return _int32(int(text, 0))
    return {"Infinity": math.inf, "+Infinity": math.inf, "-Infinity": -math.inf}.get(text, math.nan)


def _int32(number: int) -> float:
    """Return NUMBER as the 32 bits that the runner reads it into."""
    return math.nan if number >= 2**32 else float(number - 2**32 if number >= 2**31 else number)


def trim(text: str) -> str:
    """Return TEXT without the white space around it."""
    start, end = 0, len(text)
    while start < end and blank(text[start]):
        start += 1
    while end > start and blank(text[end - 1]):
        end -= 1
    return text[start:end]


def blank(character: str) -> bool:
    """Tell whether CHARACTER is white space to .NET, which takes Python's but for four control characters."""
    return character.isspace() and character not in "\x1c\x1d\x1e\x1f"


def as_number(value: Value) -> float:
    """Return VALUE as a number; an array and an object are none."""
    if value is None:
        return 0.0
    if isinstance(value, str):
        return number_of(value)
    if isinstance(value, bool | float):
        return float(value)
    return _float(value) if isinstance(value, int) else math.nan


def _float(number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def as_text(value: Value) -> str:
    """Return VALUE as GitHub puts it into a string: numbers with 15 digits, `Array` and `Object` for what has no text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number_text(as_number(value))
    if isinstance(value, list | dict):
        return "Array" if isinstance(value, list) else "Object"
    raise ValueError("what only a run can tell has no text")


def _number_text(number: float) -> str:
    if math.isnan(number) or math.isinf(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    return f"{number or 0.0:.15g}".upper()


def truthy(value: Value) -> bool:
    """Tell whether VALUE counts as true: all but null, false, 0, NaN and ''; what only a run can tell does not."""
    if isinstance(value, list | dict):
        return True
    if isinstance(value, bool | int | float):
        return not (math.isnan(value) or value == 0)
    return isinstance(value, str) and value != ""


def fold(text: str) -> str:
    """Return TEXT so that two that differ in case only become equal: each character by itself, in upper case."""
    return text.upper() if text.isascii() else "".join(_upper(character) for character in text)


def _upper(character: str) -> str:
    upper = character.upper()
    return upper if len(upper) == 1 and character not in OWN_CASE else character


def _alike(left: Value, right: Value) -> tuple[Value, Value] | None:
    """Return both as one kind that can be compared, or None where GitHub finds none."""
    if left is None and right is None:
        return 0.0, 0.0
    if isinstance(left, bool) and isinstance(right, bool):
        return float(left), float(right)
    if isinstance(left, str) and isinstance(right, str):
        return fold(left), fold(right)
    return (as_number(left), as_number(right)) if primitive(left) and primitive(right) else None


def equal(left: Value, right: Value) -> bool | Unknown:
    """Tell whether LEFT equals RIGHT: without regard to case, as numbers where the kinds differ; an array and an object only itself."""
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    pair = _alike(left, right)
    return left is right if pair is None else pair[0] == pair[1]


def greater(left: Value, right: Value) -> bool | Unknown:
    """Tell whether LEFT is greater than RIGHT; null is not greater than null, and arrays and objects have no order."""
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    pair = _alike(left, right)
    return pair is not None and cast(float, pair[0]) > cast(float, pair[1])


def find(table: dict[str, Value], key: str) -> Iterator[Value]:
    """Yield the entry KEY of TABLE when there is one; case tells names apart only in a CaseSensitive."""
    if key in table:
        yield table[key]
    elif not isinstance(table, CaseSensitive):
        wanted = fold(key)
        yield from (value for name, value in table.items() if fold(name) == wanted)
