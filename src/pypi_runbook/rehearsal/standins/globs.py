"""File patterns as the actions' toolkit reads them (actions/toolkit, packages/glob): several lines, `!` takes away, a folder means all in it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pypi_runbook.rehearsal.running import StepError

WILD = re.compile(r"[*?]|\[[^\]]{2,}\]")


@dataclass(frozen=True)
class Pattern:
    """One line: `search` is the folder or file at which looking begins, before the first wildcard."""

    takes_away: bool
    search: Path
    expression: re.Pattern[str]

    def matches(self, path: Path) -> bool:
        """Tell whether PATH, or a folder above it, is what the line names."""
        return self.expression.match(str(path)) is not None


def read_patterns(text: str, folder: Path, home: Path) -> list[Pattern]:
    """Return the patterns in the lines of TEXT, relative to FOLDER, `~` being HOME; StepError for `..` and for `.` inside."""
    written = [line.strip() for line in text.splitlines()]
    return [_pattern(line, folder, home) for line in written if line and not line.startswith("#")]


def _pattern(line: str, folder: Path, home: Path) -> Pattern:
    bare = line.lstrip("! ")
    takes_away = line.removesuffix(bare).count("!") % 2 == 1
    if not bare:
        raise StepError("pattern cannot be empty")
    segments = [part for part in bare.split("/") if part]
    if ".." in segments or "." in segments[1:]:
        raise StepError(f"Invalid pattern '{bare}'. Relative pathing '.' and '..' is not allowed.")
    if segments[:1] == ["~"]:
        base, segments = home, segments[1:]
    else:
        base = Path("/") if bare.startswith("/") else folder
        segments = segments[1:] if segments[:1] == ["."] else segments
    # Looking begins at the folder before the first wildcard, and paths in an artifact are relative to it.
    wild = next((place for place, part in enumerate(segments) if WILD.search(part)), len(segments))
    search = base.joinpath(*segments[:wild])
    rest = "".join(segment_expression(part) for part in segments[wild:])
    return Pattern(takes_away, search, re.compile(re.escape(str(search).rstrip("/")) + rest + r"(?:/.*)?\Z", re.DOTALL))


def segment_expression(part: str) -> str:
    """Return the expression for one part of a path, the slash before it included."""
    if part == "**":
        return r"(?:/[^/]+)*"
    expression, place = "", 0
    while place < len(part):
        character = part[place]
        closing = part.find("]", place + 2) if character == "[" else -1
        if closing > 0:
            inside = part[place + 1 : closing].replace("\\", r"\\")
            expression += f"[{'^' + inside[1:] if inside[0] in '!^' else inside}]"
            place = closing + 1
            continue
        expression += {"*": "[^/]*", "?": "[^/]"}.get(character, re.escape(character))
        place += 1
    # A wildcard never matches an empty part.
    return f"/(?!/|\\Z){expression}"


def search_paths(patterns: list[Pattern]) -> list[Path]:
    """Return where looking begins, without what lies below another such place."""
    places = list(dict.fromkeys(pattern.search for pattern in patterns if not pattern.takes_away))
    return [place for place in places if not any(other in place.parents for other in places)]


def find_files(patterns: list[Pattern], *, hidden: bool) -> list[Path]:
    """Return the files that PATTERNS name, each later line adding or taking away; HIDDEN lets in names that begin with a dot."""
    return [path for place in search_paths(patterns) for path in _walk(place, hidden=hidden) if _is_named(patterns, path)]


def _is_named(patterns: list[Pattern], path: Path) -> bool:
    # The last line that fits decides.
    named = False
    for pattern in patterns:
        if pattern.matches(path):
            named = not pattern.takes_away
    return named


def _walk(place: Path, *, hidden: bool, above: tuple[str, ...] = ()) -> Iterator[Path]:
    """Return the files at and below PLACE; a link that leads back to a folder ABOVE is left."""
    if (place.name.startswith(".") and not hidden) or not place.exists():
        return
    if not place.is_dir():
        yield place
        return
    real = os.path.realpath(place)
    if real in above:
        return
    for entry in sorted(place.iterdir()):
        yield from _walk(entry, hidden=hidden, above=(*above, real))
