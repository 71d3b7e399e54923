"""What a result is valid for: a page's rendered snippets, the project's files, and the tools that ran them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

from pypi_runbook.pages.snippet import Page
from pypi_runbook.project.checkout import files_of, git_environment

PACKAGE = Path(__file__).resolve().parent.parent
# Prose and tests of a project do not change what its commands do; the page itself counts through its snippets.
NOT_THE_PROJECT = (".runbook/", "docs/", "tests/", "site/", ".github/ISSUE_TEMPLATE/")


def page_key(page: Page, project_root: Path, state: str | None = None) -> str:
    """Return PAGE's key for the project in PROJECT_ROOT: the same as long as its results still stand for what is published.

    state: what `state_of` returned, for many pages at once or for the moment at which a run began.
    """
    snippets = [asdict(snippet) | {"line": 0} for snippet in page.snippets]
    promises = {name: page.meta.get(name) for name in ("needs", "fault")}
    text = json.dumps([snippets, promises], sort_keys=True, default=str)
    return hashlib.sha256(f"{text} {state or state_of(project_root)}".encode()).hexdigest()[:32]


def state_of(project_root: Path) -> str:
    """Return the digest of the project's own files, edits included, and of the tools."""
    with git_environment() as environment:
        names = [name for name in files_of(project_root, environment) if not name.startswith(NOT_THE_PROJECT)]
    return f"{_digest(project_root, names)} {_of_tools()}"


def _of_tools() -> str:
    """Return the digest of this package: the twin, the sessions, the helpers that pages call."""
    files = (path for path in PACKAGE.rglob("*") if path.suffix in {".py", ".bash", ".toml"} and "guide" not in path.relative_to(PACKAGE).parts)
    return _digest(PACKAGE, (path.relative_to(PACKAGE).as_posix() for path in files))


def _digest(root: Path, names: Iterable[str]) -> str:
    """Return the digest of the files NAMES; they are read again only when one of them was touched."""
    stats = ((name, (root / name).lstat()) for name in sorted(names))
    return _digest_of(root, tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats))


@lru_cache(maxsize=16)
def _digest_of(root: Path, files: tuple[tuple[str, int, int], ...]) -> str:
    digest = hashlib.sha256()
    for name, _, _ in files:
        content = b"" if (root / name).is_dir() else (root / name).read_bytes()
        digest.update(f"{name} {len(content)} ".encode() + content)
    return digest.hexdigest()
