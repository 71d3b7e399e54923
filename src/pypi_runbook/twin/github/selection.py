"""Which fields a GraphQL query asks for: its operation's name and the tree of its selections, arguments left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""|"(?:[^"\\\n]|\\.)*"|\.\.\.|[_A-Za-z][_0-9A-Za-z]*|[-+.0-9A-Za-z]+|[!$&()\[\]{}:=@|]|#[^\n]*|[\s,\ufeff]+'
)
DEEPEST = 30
# Under the name that the answer gives it: the field, and what is selected below it.
Selection = dict[str, tuple[str, Any]]


@dataclass(frozen=True)
class Operation:
    """What a query asks: the name of its operation, and what it selects."""

    name: str
    selection: Selection


def read_operation(query: str) -> Operation:
    """Read QUERY's one operation; ValueError when it is none, or has what gh's queries do not have: fragments, directives, changes."""
    tokens = _tokens(query)
    word = next(tokens, "")
    if word == "{":
        return Operation("", _selection(tokens))
    if word != "query":
        raise ValueError(f"a query was expected, not {word[:40] or 'nothing'}")
    name = next(tokens, "")
    if name == "{":
        return Operation("", _selection(tokens))
    following = next(tokens, "")
    if following == "(":
        _skip(tokens)
        following = next(tokens, "")
    if following != "{":
        raise ValueError(f"a selection was expected, not {following[:40] or 'the end'}")
    return Operation(name, _selection(tokens))


def project(value: Any, selection: Selection, kind: str) -> Any:
    """Return what SELECTION asks of VALUE, an object or a list of them; ValueError, in GraphQL's words, for a field that it lacks.

    A field of VALUE is a plain value, an object, or a list; KIND names it in the error.
    """
    if isinstance(value, list):
        return [project(each, selection, kind) for each in value]
    if value is None or not selection:
        return value
    chosen = {}
    for shown, (name, below) in selection.items():
        if name not in value:
            raise ValueError(f"Field '{name}' doesn't exist on type '{kind}'")
        chosen[shown] = project(value[name], below, name[:1].upper() + name[1:])
    return chosen


def _tokens(query: str) -> Iterator[str]:
    position = 0
    while position < len(query):
        match = TOKEN.match(query, position)
        if match is None:
            raise ValueError(f"{query[position]!r} was not expected")
        position = match.end()
        if not match[0][0].isspace() and match[0][0] not in ",\ufeff#":
            yield match[0]


def _selection(tokens: Iterator[str], depth: int = 0) -> Selection:
    """Read fields up to the brace that ends them."""
    if depth > DEEPEST:
        raise ValueError("the query is nested too deeply")
    found: Selection = {}
    last = ""
    for token in tokens:
        if token == "}":  # noqa: S105 (a brace is no password)
            return found
        if token == "{":  # noqa: S105
            found[last] = (found[last][0] if last in found else "", _selection(tokens, depth + 1))
        elif token == "(":  # noqa: S105
            _skip(tokens)
        elif token == ":":  # noqa: S105
            # What stood before it is the name that the answer gives the field; its own name follows.
            found[last] = (next(tokens, ""), {})
        elif token[0].isalpha() or token[0] == "_":
            last = token
            found[last] = (token, {})
        else:
            raise ValueError(f"{token[:40]} was not expected")
    raise ValueError("the query ends too early")


def _skip(tokens: Iterator[str]) -> None:
    """Pass over arguments up to the parenthesis that ends them."""
    depth = 1
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token, 0)
        if depth == 0:
            return
    raise ValueError("the query ends too early")
