"""A TOML file with the lines on which its keys stand, which tomllib does not keep."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.project.text import read_text


@dataclass(frozen=True)
class Toml:
    """The values of a TOML file, and first and last line of each dotted key; a table's span is its header's line."""

    data: dict[str, Any]
    spans: dict[str, tuple[int, int]]

    def table(self, *keys: str) -> dict[str, Any]:
        """Return the table below KEYS, empty when it is missing or no table."""
        value: Any = self.data
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return value if isinstance(value, dict) else {}


def read_toml(path: Path, root: Path) -> Toml:
    """Return PATH's values and lines; raise RunbookError `malformed-toml` with file and line when it cannot be read as TOML."""
    text = read_text(path, root)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise malformed(str(error), path.relative_to(root).as_posix(), text) from error
    return Toml(data, dict(locate(text)))


def malformed(reason: str, file: str, text: str) -> RunbookError:
    """Return the error for a file that is not TOML; tomllib puts the place into its sentence."""
    place = re.search(r"\(at line (\d+), column \d+\)", reason)
    line = int(place[1]) if place else max(1, len(text.splitlines()))
    what = re.sub(r" \(at .*\)$", "", reason)
    return RunbookError(
        "malformed-toml", f"this is not valid TOML: {what}", file=file, line=line, next="correct the line, then run the command again"
    )


def locate(text: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield each dotted key of TEXT, which is valid TOML, with its first and last line."""
    table: list[str] = []
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        last = end_of_statement(lines, number)
        statement = tomllib.loads("\n".join(lines[number : last + 1]))
        keys = list(dotted(statement))
        if lines[number].lstrip().startswith("["):
            table = keys[-1]
            yield ".".join(table), (number + 1, last + 1)
        else:
            for key in keys:
                yield ".".join(table + key), (number + 1, last + 1)
        number = last + 1


def end_of_statement(lines: list[str], first: int) -> int:
    """Return the last line of the statement that begins on line FIRST: the first one up to which it is valid by itself."""
    for last in range(first, len(lines)):
        try:
            tomllib.loads("\n".join(lines[first : last + 1]))
        except tomllib.TOMLDecodeError:
            continue
        return last
    return len(lines) - 1


def dotted(value: dict[str, Any]) -> Iterator[list[str]]:
    """Yield the path of each key in VALUE, outer ones first."""
    for key, inner in value.items():
        yield [key]
        if isinstance(inner, dict):
            for rest in dotted(inner):
                yield [key, *rest]
