"""The files that a release action attaches: its patterns, found in the workspace."""

from __future__ import annotations

import glob
import itertools
import re
from pathlib import Path


def expand_braces(pattern: str) -> list[str]:
    """Return the patterns that PATTERN with `{a,b}` stands for."""
    parts = [part.split(",") if number % 2 else [part] for number, part in enumerate(re.split(r"\{([^{}]*,[^{}]*)\}", pattern))]
    return ["".join(chosen) for chosen in itertools.product(*parts)]


def split_patterns(text: str) -> list[str]:
    """Return the patterns in TEXT, one in a line or between commas that stand outside braces."""
    return [part.strip() for line in text.splitlines() for part in re.split(r",(?![^{}]*\})", line) if part.strip()]


def match_paths(pattern: str, folder: Path, home: Path, *, hidden: bool) -> list[Path]:
    """Return what PATTERN names, relative to FOLDER, `~/` being HOME; HIDDEN lets wildcards match names that begin with a dot."""
    written = f"{home}/{pattern[2:]}" if pattern.startswith("~/") else pattern
    # Names come once, also where alternatives overlap.
    found = {name for each in expand_braces(written) for name in glob.glob(each, root_dir=folder, recursive=True, include_hidden=hidden)}  # noqa: PTH207 (`hidden`)
    return [folder / name for name in sorted(found)]
