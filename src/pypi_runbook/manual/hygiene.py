"""What must not travel with a release: secrets, files that hold them, leftovers of tools, and places on the builder's machine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pypi_runbook.finding import Finding
from pypi_runbook.manual.release import PAGE
from pypi_runbook.rules.compare import listing, payload
from pypi_runbook.secrets import secret_in

LEAKED = "incident/leaked-token.md"
PRIVATE = re.compile(
    r"(?:^|/)(?:\.env(?!\.(?:example|sample|template|dist)$)(?:\.[\w.-]+)?|\.envrc|\.pypirc|\.netrc|_netrc|\.git-credentials|\.aws/credentials|\.ssh/[^/]+"
    r"|id_(?:rsa|dsa|ecdsa|ed25519)|[^/]+\.(?:key|p12|pfx|jks|kdbx))$"
)
LEFTOVER = re.compile(
    r"(?:^|/)(?:__pycache__|\.git|\.hg|\.svn|\.tox|\.nox|\.venv|venv|\.eggs|node_modules|\.\w+_cache|\.pypi-runbook|\.runbook|\.idea|\.ipynb_checkpoints|htmlcov)/"
    r"|\.py[co]$|(?:^|/)(?:\.DS_Store|Thumbs\.db|\.coverage(?:\.[^/]*)?|pyvenv\.cfg)$|\.(?:orig|rej|swp)$|~$|(?:^|/)[^/]+\.(?:whl|tar\.gz)$"
)
# What a wheel's top level takes from every environment that it is installed into.
COMMON = {
    "test",
    "tests",
    "testing",
    "doc",
    "docs",
    "example",
    "examples",
    "build",
    "dist",
    "scripts",
    "tools",
    "benchmarks",
    "src",
    "setup.py",
    "conftest.py",
}
LARGEST = 20 * 2**20


def clean(contents: Mapping[str, bytes], shown: str, places: list[bytes]) -> list[Finding]:
    """Return what must not travel, of one file's CONTENTS, bytes by path.

    shown: the file as a person types it; places: folders of the builder's machine, which nobody else has.
    """
    return [*_private(contents, shown), *_secrets(contents, shown), *_leftovers(contents, shown), *_places(contents, shown, places)]


def stray(wheel: Mapping[str, bytes], shown: str) -> list[Finding]:
    """Return a finding for top-level names of WHEEL that would get in the way of other packages, or for a wheel without any file."""
    tops = {path.partition("/")[0] for path in payload(wheel)}
    found = []
    if not tops:
        message, fix = "this wheel installs nothing: it holds no package and no module", "tell the build backend where the package is"
        found.append(Finding("empty-wheel", "error", message, shown, None, fix, PAGE))
    if names := tops & COMMON:
        message = f"it would install {listing(names)} for everybody, beside the package"
        found.append(Finding("stray-top-level", "warning", message, shown, None, "tell the build backend which packages to take", PAGE))
    return found


def places_here(root: Path) -> list[bytes]:
    """Return the folders of this machine that tell who built: the project's and the person's home, where these are long enough to be told."""
    found = [root.resolve(), Path.home()]
    return [str(place).encode() + b"/" for place in found if len(place.parts) > 2]


def _private(contents: Mapping[str, bytes], shown: str) -> Iterator[Finding]:
    if names := [path for path in contents if PRIVATE.search(path)]:
        fix = "take it out of the package and out of git; if it was ever public, what it holds has to be replaced"
        yield Finding("private-file", "error", f"it holds {listing(names)}, which usually keeps secrets", shown, None, fix, LEAKED)


def _secrets(contents: Mapping[str, bytes], shown: str) -> Iterator[Finding]:
    for path, content in contents.items():
        if len(content) <= LARGEST and (found := secret_in(content)):
            title, line = found
            fix = "revoke it now, take it out of the file, and build again"
            yield Finding("secret", "error", f"{path} holds {title}, in its line {line}", shown, None, fix, LEAKED)


def _leftovers(contents: Mapping[str, bytes], shown: str) -> Iterator[Finding]:
    if names := [path for path in contents if LEFTOVER.search(path)]:
        fix = "list them in .gitignore, or exclude them from the build"
        yield Finding("leftover", "warning", f"it holds leftovers of tools: {listing(names)}", shown, None, fix, PAGE)


def _places(contents: Mapping[str, bytes], shown: str, places: list[bytes]) -> Iterator[Finding]:
    if names := [path for path, content in contents.items() if len(content) <= LARGEST and any(place in content for place in places)]:
        fix = "let what writes these files write relative paths"
        yield Finding("local-path", "warning", f"{listing(names)} names a folder of this machine", shown, None, fix, PAGE)
