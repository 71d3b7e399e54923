"""The lines of GITHUB_ENV, GITHUB_OUTPUT and GITHUB_STATE: `name=value`, or `name<<DELIMITER` and the lines up to it."""

from __future__ import annotations

from collections.abc import Iterator


class PairsError(Exception):
    """A file that GitHub cannot take, in its words."""


def read_pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield each name and value of TEXT in order; PairsError where actions/runner's EnvFileKeyValuePairs stops, after what came before."""
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        equals, arrows = line.find("="), line.find("<<")
        if equals >= 0 and (arrows < 0 or equals < arrows):
            yield line[:equals], line[equals + 1 :]
        elif arrows >= 0:
            yield _several(line, lines)
        else:
            raise PairsError(f"Invalid format '{line}'")


def _several(line: str, lines: Iterator[str]) -> tuple[str, str]:
    name, _, delimiter = line.partition("<<")
    if not name or not delimiter:
        raise PairsError(f"Invalid format '{line}'. Name must not be empty and delimiter must not be empty")
    value: list[str] = []
    for each in lines:
        if each == delimiter:
            return name, "\n".join(value)
        value.append(each)
    # A file that ends without a line break has its last line here, one that ends with it an empty text.
    if value and value[-1]:
        raise PairsError("Invalid value. EOF marker missing new line.")
    raise PairsError(f"Invalid value. Matching delimiter not found '{delimiter}'")
