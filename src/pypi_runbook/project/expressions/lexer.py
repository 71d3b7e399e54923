"""The symbols of an expression, from left to right."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from pypi_runbook.project.expressions.errors import LONGEST, ExpressionError, at, too_long
from pypi_runbook.project.expressions.values import Value, blank, number_of

KEYWORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
BOUNDARY = "()[],.!<>=&|"
OPERATORS = ("==", "!=", "<=", ">=", "&&", "||", "<", ">", "!")
CONSTANTS: dict[str, Value] = {"true": True, "false": False, "null": None, "NaN": math.nan, "Infinity": math.inf}


class Kind(Enum):
    """What a symbol is; a name is a keyword before anybody knows whether it is a context, a function or a property."""

    LITERAL = auto()
    NAME = auto()
    OPERATOR = auto()
    MARK = auto()


@dataclass(frozen=True)
class Token:
    """One symbol: how it is written, where it stands (from 0), and its value when it is a literal."""

    kind: Kind
    raw: str
    position: int
    value: Value = None


def tokens(text: str) -> Iterator[Token]:
    """Yield the symbols of TEXT; ExpressionError at the first that can be none."""
    if len(text) > LONGEST:
        raise too_long()
    last: Token | None = None
    position = 0
    while position < len(text):
        if blank(text[position]):
            position += 1
            continue
        last = _token(text, position, last)
        yield last
        position += len(last.raw)


def _token(text: str, position: int, last: Token | None) -> Token:
    character = text[position]
    if character == "'":
        return _string(text, position)
    if operator := next((mark for mark in OPERATORS if text.startswith(mark, position)), None):
        return Token(Kind.OPERATOR, operator, position)
    if character in "+-0123456789" or (character == "." and _starts_number(last)):
        return _number(text, position)
    if character in "()[],.*":
        return Token(Kind.MARK, character, position)
    return _keyword(text, position, last)


def _starts_number(last: Token | None) -> bool:
    """Tell whether a full stop after LAST begins a number rather than leads to a property."""
    return last is None or last.kind is Kind.OPERATOR or (last.kind is Kind.MARK and last.raw in "([,")


def _string(text: str, position: int) -> Token:
    match = re.compile(r"'(?:[^']|'')*'").match(text, position)
    if not match:
        raise _unexpected(text, position, text[position:])
    return Token(Kind.LITERAL, match[0], position, match[0][1:-1].replace("''", "'"))


def _number(text: str, position: int) -> Token:
    raw = _word(text, position, dots=True)
    value = number_of(raw)
    if math.isnan(value):
        raise _unexpected(text, position, raw)
    return Token(Kind.LITERAL, raw, position, value)


def _keyword(text: str, position: int, last: Token | None) -> Token:
    raw = _word(text, position, dots=False)
    if not KEYWORD.fullmatch(raw):
        raise _unexpected(text, position, raw)
    after_dot = last is not None and last.kind is Kind.MARK and last.raw == "."
    if raw in CONSTANTS and not after_dot:
        return Token(Kind.LITERAL, raw, position, CONSTANTS[raw])
    return Token(Kind.NAME, raw, position)


def _word(text: str, start: int, *, dots: bool) -> str:
    """Return what stands from START to the next boundary; a full stop is none within a number (DOTS)."""
    end = start + 1
    while end < len(text) and not blank(text[end]) and (text[end] not in BOUNDARY or (dots and text[end] == ".")):
        end += 1
    return text[start:end]


def _unexpected(text: str, position: int, raw: str) -> ExpressionError:
    return at("Unexpected symbol", raw, position, text)
