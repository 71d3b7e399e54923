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

# What can hide a line end or a bracket; possessive, so that a hostile file costs one pass.
TOKEN = re.compile(
    r'''"""(?:[^"\\]++|\\.|"(?!""))*+"{3,5}'''
    r"|'''(?:[^']++|'(?!''))*+'{3,5}"
    r"""|"(?:[^"\\\n]++|\\.)*+"|'[^'\n]*+'|\#[^\n]*+|[\[\]{}\n]""",
    re.DOTALL,
)


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
        # tomllib lets Python's own errors through for a number of 5000 digits and for brackets in brackets without end.
        data = tomllib.loads(text)
        return Toml(data, dict(locate(text)))
    except ValueError as error:
        raise malformed(str(error), path.relative_to(root).as_posix(), text) from error
    except RecursionError as error:
        raise malformed("its values are nested too deeply", path.relative_to(root).as_posix(), text) from error


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
    for first, statement in statements(text):
        keys = list(dotted(tomllib.loads(statement)))
        span = (first, first + statement.rstrip("\n").count("\n"))
        if statement.lstrip().startswith("["):
            table = keys[-1]
            yield ".".join(table), span
        else:
            for key in keys:
                yield ".".join(table + key), span


def statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield each statement of TEXT with its first line: it ends at the first line end that stands in no string and no bracket."""
    depth, start, first = 0, 0, 1
    for token in TOKEN.finditer(text + "\n"):
        depth += (token[0] in ("[", "{")) - (token[0] in ("]", "}"))
        if token[0] == "\n" and not depth:
            statement = text[start : token.end()]
            yield first, statement
            first += statement.count("\n")
            start = token.end()


def dotted(value: dict[str, Any]) -> Iterator[list[str]]:
    """Yield the path of each key in VALUE, outer ones first."""
    for key, inner in value.items():
        yield [key]
        if isinstance(inner, dict):
            for rest in dotted(inner):
                yield [key, *rest]
