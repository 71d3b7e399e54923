"""toJSON and fromJSON: JSON as GitHub writes it, and what it says about JSON that it cannot read."""

from __future__ import annotations

import json
import re
from typing import Any

from pypi_runbook.project.expressions.errors import ExpressionError
from pypi_runbook.project.expressions.values import UNKNOWN, Open, Value, as_text, trim

# The depth at which GitHub's reader gives up.
DEEPEST = 64
HALF = re.compile("[\ud800-\udfff]")
ESCAPED = {"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def to_json(value: Value) -> Value:
    """Return VALUE as JSON with an indent of two spaces; UNKNOWN when some part of it is."""
    pieces: list[str] = []
    # What is still to write: texts as they are, values with their level.
    waiting: list[str | tuple[Value, int]] = [(value, 0)]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            pieces.append(item)
        elif item[0] is UNKNOWN or isinstance(item[0], Open):
            return UNKNOWN
        else:
            waiting += reversed(_written(*item))
    return "".join(pieces)


def _written(value: Value, level: int) -> list[str | tuple[Value, int]]:
    """Return the texts of VALUE, and in their midst the values that it holds."""
    if isinstance(value, str):
        return [_quoted(value)]
    if not isinstance(value, list | dict):
        return ["null" if value is None else as_text(value)]
    opening, closing = "[]" if isinstance(value, list) else "{}"
    if not value:
        return [opening + closing]
    inner, found = "\n" + "  " * (level + 1), list[str | tuple[Value, int]]()
    entries = [("", item) for item in value] if isinstance(value, list) else [(f"{_quoted(key)}: ", item) for key, item in value.items()]
    for number, (key, item) in enumerate(entries):
        found += [f"{',' if number else opening}{inner}{key}", (item, level + 1)]
    return [*found, "\n" + "  " * level + closing]


def _quoted(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    for character, escape in ESCAPED.items():
        quoted = quoted.replace(character, escape)
    return quoted


def from_json(text: str) -> Value:
    """Return the value that TEXT holds; ExpressionError when it is no JSON."""
    if not trim(text):
        raise _failed("Error reading JToken from JsonReader. Path '', line 0, position 0.")
    try:
        value: Any = json.loads(text, parse_int=float, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        found = text[error.pos : error.pos + 1]
        what = f"Unexpected character encountered while parsing value: {found}." if found else "Unexpected end of content."
        raise _failed(f"{what} Path '', line {error.lineno}, position {error.colno}.") from None
    except RecursionError:
        raise _too_deep() from None
    if _depth_exceeds(value):
        raise _too_deep()
    return _whole_characters(value)


def _whole_characters(value: Value) -> Value:
    """Return VALUE without the halves of characters that JSON may hold: .NET shows another one in their place when it writes them."""
    if isinstance(value, str):
        return HALF.sub("\ufffd", value)
    if isinstance(value, list):
        return [_whole_characters(each) for each in value]
    return {HALF.sub("\ufffd", name): _whole_characters(each) for name, each in value.items()} if isinstance(value, dict) else value


def _no_constant(name: str) -> Value:
    """Refuse NaN and Infinity, which Python reads and JSON does not have."""
    raise _failed(f"Unexpected character encountered while parsing value: {name[0]}. Path '', line 1, position 1.")


def _depth_exceeds(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [item for item in level if isinstance(item, list | dict)]
        if not level:
            return False
        level = [inner for item in level for inner in (item if isinstance(item, list) else item.values())]
    return True


def _failed(why: str) -> ExpressionError:
    return ExpressionError(f"Error parsing fromJson: {why}")


def _too_deep() -> ExpressionError:
    return _failed(f"The reader's MaxDepth of {DEEPEST} has been exceeded.")
