"""JSON held against a shape, with the words in which pydantic, which PyPI asks, lists what does not fit.

What differs: where in a text that is not JSON the fault stands.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

MORE = "https://errors.pydantic.dev/2.13/v/"
WIDTH = 50
Kind = Literal["object", "array", "text", "base64", "constant"]
WRONG_KIND = {
    "array": ("Input should be a valid array", "list_type"),
    "text": ("Input should be a valid string", "string_type"),
    "base64": ("Input should be a valid bytes", "bytes_type"),
}
PYTHON = {"object": dict, "array": list, "text": str, "base64": str}


@dataclass(frozen=True)
class Shape:
    """What a value must be.

    fields: of an object, each required unless its name is in `optional`; item, least: of an array; constant: the only value.
    model: an object that has a name of its own in pydantic, whose words for it differ.
    """

    kind: Kind
    fields: dict[str, Shape] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    item: Shape | None = None
    least: int = 0
    constant: object = None
    model: bool = False


def misfit(text: str, shape: Shape, name: str) -> str:
    """Return pydantic's list of what in the JSON TEXT is not of SHAPE, whose type is called NAME; empty when all fits."""
    try:
        errors = list(_errors(json.loads(text), shape, ""))
    except ValueError:
        errors = [_line("", "Invalid JSON: expected value at line 1 column 1", "json_invalid", text)]
    if not errors:
        return ""
    return "\n".join([f"{len(errors)} validation error{'s' if len(errors) > 1 else ''} for {name}", *errors])


def _errors(value: Any, shape: Shape, place: str) -> Iterator[str]:
    if shape.kind == "constant":
        if value != shape.constant:
            yield _line(place, f"Input should be {shape.constant!r}", "literal_error", value)
    elif not isinstance(value, PYTHON[shape.kind]):
        yield _line(place, *WRONG_KIND.get(shape.kind, ("Input should be an object", "model_type" if shape.model else "dict_type")), value)
    elif shape.kind == "array":
        yield from _in_array(value, shape, place)
    elif shape.kind == "object":
        yield from _in_object(value, shape, place)
    elif shape.kind == "base64" and (problem := _base64_problem(value)):
        yield _line(place, f"Base64 decoding error: '{problem}'", "base64_decode", value, more="")


def _in_array(value: list[Any], shape: Shape, place: str) -> Iterator[str]:
    if len(value) < shape.least:
        plural = "" if shape.least == 1 else "s"
        yield _line(place, f"List should have at least {shape.least} item{plural} after validation, not {len(value)}", "too_short", value)
    elif shape.item:
        for index, each in enumerate(value):
            yield from _errors(each, shape.item, _below(place, str(index)))


def _in_object(value: dict[str, Any], shape: Shape, place: str) -> Iterator[str]:
    for name, inner in shape.fields.items():
        if name in value:
            yield from _errors(value[name], inner, _below(place, name))
        elif name not in shape.optional:
            yield _line(_below(place, name), "Field required", "missing", value)


def _below(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _line(place: str, words: str, kind: str, value: object, more: str = MORE) -> str:
    shown = repr(value)
    shown = shown if len(shown) <= WIDTH else f"{shown[: WIDTH // 2]}...{shown[-(WIDTH // 2 - 1) :]}"
    line = f"{place}\n" if place else ""
    line += f"  {words} [type={kind}, input_value={shown}, input_type={type(value).__name__}]"
    return line + (f"\n    For further information visit {more}{kind}" if more else "")


def _base64_problem(value: str) -> str:
    try:
        base64.b64decode(value.encode())
    except binascii.Error as error:
        return str(error)
    return ""
