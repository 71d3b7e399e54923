"""What a result is valid for: a page's rendered snippets and the project's files; what ran them counts through `reads`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from pypi_runbook import reads
from pypi_runbook.pages.snippet import Page
from pypi_runbook.project.checkout import files_of, git_environment

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
    """Return the digest of the project's own files, edits included.

    Where the project is this package itself, only the names of its modules count: each path says which of them it used.
    """
    with git_environment() as environment:
        names = [name for name in files_of(project_root, environment) if not name.startswith(NOT_THE_PROJECT)]
    package = [name for name in names if (project_root / name).is_relative_to(reads.PACKAGE)]
    contents = reads.digests(project_root, set(names) - set(package))
    return hashlib.sha256(json.dumps([contents, sorted(package)]).encode()).hexdigest()
