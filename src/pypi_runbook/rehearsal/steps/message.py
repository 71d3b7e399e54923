"""Workflow commands as they stand in a line of output: `::name key=value::text`, and the older `##[name key=value]text`."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

_NEW = re.compile(r"\s*::(?P<head>.*?)::(?P<data>.*)", re.DOTALL)
_OLD = re.compile(r".*?##\[(?P<head>[^\]]*)\](?P<data>.*)", re.DOTALL)
_IN_TEXT = (("%0D", "\r"), ("%0A", "\n"), ("%25", "%"))
_IN_VALUE = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))
_IN_OLD = (("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%25", "%"))


@dataclass(frozen=True)
class Message:
    """One workflow command: its name and its properties' names in lower case."""

    name: str
    properties: dict[str, str]
    data: str


def read_message(line: str, known: Collection[str]) -> Message | None:
    """Return the workflow command in LINE, None when there is none, or none of those KNOWN (in lower case)."""
    if (found := _NEW.fullmatch(line)) and (message := _message(found, known, ",", _IN_VALUE, _IN_TEXT)):
        return message
    if found := _OLD.fullmatch(line):
        return _message(found, known, ";", _IN_OLD, _IN_OLD)
    return None


Escapes = tuple[tuple[str, str], ...]


def _message(found: re.Match[str], known: Collection[str], separator: str, in_value: Escapes, in_text: Escapes) -> Message | None:
    name, _, rest = found["head"].partition(" ")
    if name.lower() not in known:
        return None
    pairs = (pair.split("=", 1) for pair in rest.strip().split(separator))
    properties = {pair[0].lower(): _unescape(pair[1], in_value) for pair in pairs if len(pair) == 2 and all(pair)}
    return Message(name.lower(), properties, _unescape(found["data"], in_text))


def _unescape(text: str, escapes: Escapes) -> str:
    for token, character in escapes:
        text = text.replace(token, character)
    return text
