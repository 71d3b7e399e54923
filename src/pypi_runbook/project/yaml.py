"""YAML 1.2 as GitHub reads it (`on` is a string), with the line of each key and item."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.scanner import RoundTripScanner

from pypi_runbook.errors import RunbookError
from pypi_runbook.project.text import read_text

# GitHub's runner refuses values that are nested deeper (maximum object depth); anchors make a small file a large value.
DEEPEST = 50
MOST_VALUES = 100_000
# Halves of a character, as they stand in a text and as a quoted string writes them; GitHub's reader refuses them too.
HALF, HALF_ESCAPED = re.compile("[\ud800-\udfff]"), re.compile(r"\\u[dD][89a-fA-F]|\\U0000[dD][89a-fA-F]")


class _Scanner(RoundTripScanner):
    """Stops at brackets in brackets without end, for which ruamel.yaml needs time that grows with the square."""

    def fetch_flow_collection_start(self, *arguments: Any, **options: Any) -> None:
        super().fetch_flow_collection_start(*arguments, **options)
        if len(self.flow_context) > DEEPEST:
            raise YAMLError(f"values are nested more than {DEEPEST} deep")


def read_yaml(path: Path, root: Path) -> Any:
    """Return PATH's value; raise RunbookError `malformed-yaml` with file and line when it cannot be read as YAML."""
    text = read_text(path, root)
    file = path.relative_to(root).as_posix()
    reader = YAML(typ="rt", pure=True)
    reader.Scanner = _Scanner
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ReusedAnchorWarning)  # YAML allows it: the later anchor counts from there on
            value = reader.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = str(error.problem or error.context or "it cannot be read").split("\n")[0]
        raise malformed(what, file, mark.line + 1 if mark else 1) from error
    except RecursionError as error:
        raise malformed(f"values are nested more than {DEEPEST} deep", file, 1) from error
    except (YAMLError, ValueError, TypeError, AttributeError, KeyError, IndexError, AssertionError) as error:
        # ruamel.yaml lets Python's own errors through for keys that are lists, dates that are none and merges with themselves.
        raise malformed(str(error).split("\n")[0], file, 1) from error
    check_size(value, file)
    if place := HALF_ESCAPED.search(text):
        check_characters(value, file, text.count("\n", 0, place.start()) + 1)
    return value


def check_characters(value: Any, file: str, line: int) -> None:
    """Raise RunbookError when a text in VALUE holds half of a character, which no file and no terminal can take; LINE is where one is written."""
    pending = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, str) and HALF.search(node):
            raise malformed("found invalid Unicode character escape code", file, line)
        pending += inner_values(node)


def check_size(value: Any, file: str) -> None:
    """Raise RunbookError when VALUE, its anchors written out, is nested too deeply, too large, or part of itself."""
    left, pending = MOST_VALUES, [(value, 0)]
    while pending:
        node, depth = pending.pop()
        left -= 1
        if depth > DEEPEST:
            raise malformed(f"values are nested more than {DEEPEST} deep, or an anchor stands inside itself", file, 1)
        if left < 0 or (isinstance(node, int) and node.bit_length() > 1024):
            raise malformed(f"there are more than {MOST_VALUES:,} values once the anchors are written out, or a number is too long", file, 1)
        pending += ((inner, depth + 1) for inner in inner_values(node))


def inner_values(node: Any) -> Iterator[Any]:
    """Yield what NODE holds: a mapping's keys and values, a list's items."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from (key, value)
    elif isinstance(node, list | tuple | set):
        yield from node


def malformed(what: str, file: str, line: int) -> RunbookError:
    """Return the error for a file that is not YAML."""
    return RunbookError(
        "malformed-yaml", f"this is not valid YAML: {what}", file=file, line=line, next="correct the line, then run the command again"
    )


def line_of(mapping: CommentedMap, key: Any) -> int:
    """Return the line of KEY in MAPPING, counted from 1; the mapping's own line when a merge brought the key."""
    place = mapping.lc.data.get(key) if mapping.lc.data else None
    return int(place[0] if place else mapping.lc.line) + 1


def item_line(sequence: CommentedSeq, index: int) -> int:
    """Return the line on which item INDEX of SEQUENCE begins, that of its dash."""
    place = sequence.lc.data.get(index) if sequence.lc.data else None
    return int(place[0] if place else sequence.lc.line) + 1


def last_line(lines: list[str], first: int, after: int) -> int:
    """Return the last line of the block that begins on FIRST and ends before AFTER (both from 1).

    Blank lines, and comments no deeper than the block's own key, belong to what follows.
    """
    indent = indentation(lines[first - 1])
    last = after - 1
    while last > first and not belongs(lines[last - 1], indent):
        last -= 1
    return last


def belongs(line: str, indent: int) -> bool:
    """Tell whether LINE is part of a block whose key stands at INDENT."""
    text = line.strip()
    return bool(text) and (not text.startswith("#") or indentation(line) > indent)


def indentation(line: str) -> int:
    """Return the number of blanks in front of LINE."""
    return len(line) - len(line.lstrip())


def plain(value: Any) -> str:
    """Return a scalar as GitHub shows it; `3.10` without quotes is the number 3.1 there too."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(float(value)).removesuffix(".0") if isinstance(value, float) else str(value)
