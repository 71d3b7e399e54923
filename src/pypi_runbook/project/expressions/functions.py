"""The functions that every expression may call. None of them is given what only a run can tell; `case` is the evaluator's own."""

from __future__ import annotations

import re
from collections.abc import Callable

from pypi_runbook.project.expressions.errors import MOST_CHARACTERS, ExpressionError, too_large
from pypi_runbook.project.expressions.json_text import from_json, to_json
from pypi_runbook.project.expressions.values import UNKNOWN, Value, as_text, equal, fold, primitive

PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([0-9]+)\}|\{([0-9]+):((?:[^}]|\}\})*)\}|[{}]")


def contains(search: Value, item: Value) -> Value:
    """Tell whether the text SEARCH has ITEM in it, or the array SEARCH has an equal of ITEM."""
    if isinstance(search, list):
        answers = [equal(item, each) for each in search]
        return True if True in answers else UNKNOWN if UNKNOWN in answers else False
    return primitive(search) and primitive(item) and fold(as_text(item)) in fold(as_text(search))


def starts_with(text: Value, start: Value) -> Value:
    """Tell whether TEXT begins with START."""
    return primitive(text) and primitive(start) and fold(as_text(text)).startswith(fold(as_text(start)))


def ends_with(text: Value, end: Value) -> Value:
    """Tell whether TEXT ends with END."""
    return primitive(text) and primitive(end) and fold(as_text(text)).endswith(fold(as_text(end)))


def format_(pattern: Value, *arguments: Value) -> Value:
    """Return PATTERN with `{0}` and so on replaced, `{{` and `}}` as one brace; ExpressionError for a brace that is neither."""
    text, size = as_text(pattern), 0
    texts = [as_text(argument) for argument in arguments]

    def replaced(match: re.Match[str]) -> str:
        nonlocal size
        found = _replacement(match, text, texts, arguments)
        size += len(found)
        if size > MOST_CHARACTERS:
            raise too_large("format")
        return found

    return PLACEHOLDER.sub(replaced, text)


def _replacement(match: re.Match[str], text: str, texts: list[str], arguments: tuple[Value, ...]) -> str:
    """Return what takes the place of one MATCH of a placeholder or a brace."""
    if match[0] in ("{{", "}}"):
        return match[0][0]
    digits = match[1] or match[2]
    if digits is None or len(digits.lstrip("0")) > 3 or int(digits) > 255:
        raise ExpressionError(f"The following format string is invalid: {text}")
    if int(digits) >= len(texts):
        raise ExpressionError(f"The following format string references more arguments than were supplied: {text}")
    if match[3]:
        kind = _kind(arguments[int(digits)])
        raise ExpressionError(f"The format specifiers '{match[3].replace('}}', '}')}' are not valid for objects of type '{kind}'")
    return texts[int(digits)]


def _kind(value: Value) -> str:
    if value is None or isinstance(value, str):
        return "Null" if value is None else "String"
    if isinstance(value, list | dict):
        return "Array" if isinstance(value, list) else "Object"
    return "Boolean" if isinstance(value, bool) else "Number"


def join(items: Value, separator: Value = ",") -> Value:
    """Return the texts of an array's ITEMS with SEPARATOR between them; a single text as it is, an object as nothing."""
    if not isinstance(items, list):
        return as_text(items) if primitive(items) else ""
    if UNKNOWN in items:
        return UNKNOWN
    return (as_text(separator) if primitive(separator) else ",").join(map(as_text, items))


BUILT_IN: dict[str, Callable[..., Value]] = {
    "contains": contains,
    "endswith": ends_with,
    "format": format_,
    "fromjson": lambda value: from_json(as_text(value)),
    "join": join,
    "startswith": starts_with,
    "tojson": to_json,
}
