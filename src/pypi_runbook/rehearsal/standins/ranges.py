"""Version ranges as npm's semver reads them, which setup-python does, and the versions of Python that GitHub's runners can have."""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.version import Version

Release = tuple[int, int, int]
END: Release = (10**6, 0, 0)
_OPERATION = re.compile(r"(>=|<=|>|<|\^|~>?|=)?\s*[v=\s]*([\dxX*.]*)(-[\w.]+)?")
_HYPHEN = re.compile(r"(\S+)\s+-\s+(\S+)")

Known = dict[tuple[int, int], tuple[int, int]]
# First and last patch release for x64 on Ubuntu 24.04, from actions/python-versions' versions-manifest.json of August 2026, and 3.15.0.
KNOWN: Known = {
    (3, 8): (12, 18),
    (3, 9): (12, 25),
    (3, 10): (4, 21),
    (3, 11): (0, 16),
    (3, 12): (0, 14),
    (3, 13): (0, 15),
    (3, 14): (0, 7),
    (3, 15): (0, 0),
}
# By the runner's ImageOS, what is otherwise on another image.
OTHER_IMAGES: dict[str, Known] = {
    "ubuntu22": {(3, 7): (13, 17), **KNOWN},
    "ubuntu26": {(3, 10): (20, 21), (3, 11): (15, 16), (3, 12): (13, 14), (3, 13): (13, 15), (3, 14): (6, 7), (3, 15): (0, 0)},
}
# The lists above grow older; patch releases come about every two months.
LATER = 10


@dataclass(frozen=True)
class Span:
    """Releases from `low` to before `high`; `pre` lets pre-releases of them in."""

    low: Release
    high: Release
    pre: bool = False


@dataclass(frozen=True)
class Range:
    """Alternatives, each of which wants all of its spans."""

    alternatives: tuple[tuple[Span, ...], ...]

    def __contains__(self, version: Version) -> bool:
        release = (version.major, version.minor, version.micro)
        for spans in self.alternatives:
            if all(span.low <= release < span.high for span in spans) and (not version.is_prerelease or any(span.pre for span in spans)):
                return True
        return False


def read_range(text: str) -> Range | None:
    """Return the range that TEXT means to npm's semver, for example `3.x`, `>=3.11 <3.14` or `~3.13.0-0`; None when it means none."""
    alternatives = []
    for part in text.split("||"):
        spans = [_span(found) for found in _operations(part)]
        if any(span is None for span in spans):
            return None
        alternatives.append(tuple(span for span in spans if span))
    return Range(tuple(alternatives))


def on_image(image: str) -> Known:
    """Return the versions of the runner whose ImageOS is IMAGE; those of the usual one for an image that is not known here."""
    return OTHER_IMAGES.get(image, KNOWN)


def exists(version: Version, known: Known = KNOWN) -> bool:
    """Tell whether GitHub's runners can have VERSION, as far as the list KNOWN tells; of newer minor versions it knows nothing."""
    minor = (version.major, version.minor)
    if minor not in known:
        return minor > max(known)
    first, last = known[minor]
    return first <= version.micro <= last + LATER


def github_choice(wanted: Range, known: Known = KNOWN) -> Version | None:
    """Return the newest version in WANTED that GitHub's runners have by the list KNOWN; None when there is none."""
    # Known releases before those that may have come since.
    for (major, minor), (first, last) in sorted(known.items(), reverse=True):
        for micro in [*range(last, first - 1, -1), *range(last + 1, last + LATER + 1)]:
            if (version := Version(f"{major}.{minor}.{micro}")) in wanted:
                return version
    return None


def _operations(text: str) -> list[str]:
    """Return the comparators of TEXT, `3.9 - 3.12` written as two."""
    text = _HYPHEN.sub(r">=\1 <=\2", text.strip())
    return re.sub(r"(>=|<=|>|<|\^|~>?|=)\s+", r"\1", text).split() or ["*"]


def _span(text: str) -> Span | None:
    found = _OPERATION.fullmatch(text)
    if not found or not (parts := _parts(found[2])):
        return None
    low, after = parts
    pre = found[3] is not None
    match found[1]:
        case ">=":
            return Span(low, END, pre)
        case ">":
            return Span(after, END, pre)
        case "<":
            return Span((0, 0, 0), low, pre)
        case "<=":
            return Span((0, 0, 0), after, pre)
        case "^":
            return Span(low, (low[0] + 1, 0, 0), pre)
        case "~" | "~>" if found[2].count("."):
            return Span(low, (low[0], low[1] + 1, 0), pre)
    return Span(low, after, pre)


def _parts(text: str) -> tuple[Release, Release] | None:
    """Return the first release that TEXT, such as `3.11` or `3.x`, names, and the first one after those that it names."""
    numbers: list[int] = []
    for part in text.split(".") if text else []:
        if part in ("x", "X", "*"):
            break
        if not part.isdigit():
            return None
        numbers.append(int(part))
    if len(numbers) > 3:
        return None
    if not numbers:
        return (0, 0, 0), END
    major, minor, micro = [*numbers, 0, 0, 0][:3]
    following = [(major + 1, 0, 0), (major, minor + 1, 0), (major, minor, micro + 1)]
    return (major, minor, micro), following[len(numbers) - 1]
