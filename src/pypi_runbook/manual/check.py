"""Check what `dist/` holds before an index does."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pypi_runbook.finding import Finding
from pypi_runbook.manual.files import File, inspect
from pypi_runbook.manual.release import PAGE, Release
from pypi_runbook.manual.tools import capture, tool

# Beyond what it needs to read a file at all, twine checks only the description.
DESCRIPTION = "troubleshooting/description-does-not-render.md"


def check(release: Release) -> list[Finding]:
    """Return what an index, or a later reader, would hold against the files in `dist/`; empty when they are fine."""
    files, problems = inspect(release)
    return [*map(Finding.of, problems), *_one_sided(files), *_unknown(release), *(run_twine(release, files) if files else [])]


def run_twine(release: Release, files: list[File]) -> Iterator[Finding]:
    """Run `twine check --strict` over FILES and yield a finding for each file that it refuses."""
    # A narrow terminal would wrap the lines that name the files.
    status, output = capture(
        [tool("twine"), "check", "--strict", *(file.shown for file in files)], release.root, {"COLUMNS": "1000", "NO_COLOR": "1"}
    )
    failed = re.findall(r"^Checking (.+?): FAILED(.*)$", output, re.MULTILINE)
    for name, why in failed:
        yield _refused(f"twine check --strict refuses this file{why}", name, DESCRIPTION)
    if status and not failed:
        yield _refused(f"twine check --strict ended with status {status}", None, PAGE)


def _refused(message: str, name: str | None, page: str) -> Finding:
    fix = "correct what twine names above in pyproject.toml or the README, commit, and build again"
    return Finding("twine-check", "error", message, name, None, fix, page)


def _one_sided(files: list[File]) -> Iterator[Finding]:
    kinds = {file.kind for file in files}
    for missing in {"sdist", "wheel"} - kinds if kinds else ():
        message = f"dist/ holds no {missing}; a release usually has both, and a half-finished build looks like this"
        yield Finding(f"no-{missing}", "warning", message, "dist", None, "build again, or go on if this release has only one kind", PAGE)


def _unknown(release: Release) -> Iterator[Finding]:
    for what in [name for name in ("name", "version") if getattr(release, name) is None]:
        message = f"only the build backend knows the {what}, so the files were not compared with it"
        yield Finding(f"unknown-{what}", "note", message, release.file, None, f"read the {what} in the file names yourself", PAGE)
