"""CODEOWNERS: who is asked before what publishes, or decides what is published, is changed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pypi_runbook.doctor.checkup import Checkup
from pypi_runbook.doctor.workflow_view import publishing_workflows
from pypi_runbook.finding import Finding

# GitHub takes the first of these: https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
PAGE = "publishing/security.md"


def check_codeowners(checkup: Checkup) -> Iterator[Finding]:
    """Find publishing workflows and metadata that anybody with write access can change, and nobody has to look at the change."""
    files = [view.file for view in publishing_workflows(checkup)]
    place = next((each for each in PLACES if checkup.text(each) is not None), None)
    if not files:
        return
    if place is None:
        message = f"no CODEOWNERS file names who has to review a change of {files[0]}"
        yield Finding("no-codeowners", "note", message, files[0], 1, f"add .github/CODEOWNERS with a line `/{files[0]} @OWNER`", PAGE)
        return
    rules = list(read_rules(checkup.text(place) or ""))
    metadata = [name for name in ("pyproject.toml", "setup.cfg", "setup.py") if checkup.text(name) is not None][:1]
    for file in [*files, *metadata]:
        line, owners = next(((number, names) for number, pattern, names in reversed(rules) if matches(pattern, file)), (None, []))
        if not owners:
            message = f"{place} names no owner for {file}, so that nobody has to review who publishes what"
            yield Finding("no-owner", "warning", message, place, line or 1, f"add a line `/{file} @OWNER` at its end", PAGE)


def read_rules(text: str) -> Iterator[tuple[int, str, list[str]]]:
    """Yield line, pattern and owners of each rule; of several that match a file the last one counts."""
    for number, line in enumerate(text.splitlines(), 1):
        words = re.split(r"(?<!\\)\s+", line.split(" #")[0].strip())
        if words[0] and not words[0].startswith("#"):
            yield number, words[0], words[1:]


def matches(pattern: str, file: str) -> bool:
    """Tell whether PATTERN, written as in a .gitignore, means FILE or a folder above it."""
    anchored = "/" in pattern.rstrip("/")
    body = pattern.strip("/")
    expression = "".join(glyph(part) for part in re.split(r"(\*\*/|/\*\*|\*\*|\*|\?)", body))
    start = "" if anchored else "(?:.*/)?"
    # `docs/*` means the files of that folder only, `docs/` and `docs` everything below it.
    end = "/.*" if pattern.endswith("/") else "" if pattern.endswith("/*") else "(?:/.*)?"
    return re.fullmatch(start + expression + end, file) is not None


def glyph(part: str) -> str:
    """Return one piece of a pattern as a regular expression."""
    known = {"**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return known.get(part, re.escape(part.replace("\\ ", " ")))
