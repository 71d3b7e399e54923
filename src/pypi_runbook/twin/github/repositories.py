"""The repositories that the twin serves as GitHub's: their names, and where they lie on this machine."""

from __future__ import annotations

import re
from pathlib import Path

from pypi_runbook.errors import RunbookError
from pypi_runbook.twin.github.records import Repository
from pypi_runbook.twin.store import Store
from pypi_runbook.twin.trusted.publishers import made_up_id

SLUG = re.compile(r"(?P<owner>[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?)/(?P<name>[A-Za-z0-9._-]{1,100})")
SCHEMA = "CREATE TABLE IF NOT EXISTS github_repositories (slug TEXT PRIMARY KEY, owner TEXT, name TEXT, id INTEGER, origin TEXT)"


class Repositories:
    """The registered repositories, found however their names are written."""

    def __init__(self, store: Store) -> None:
        self._store = store
        with store.transaction() as database:
            database.execute(SCHEMA)

    def register(self, slug: str, origin: Path) -> Repository:
        """Serve the bare repository ORIGIN under SLUG from now on, also where another one was; RunbookError when the name cannot be one."""
        match = SLUG.fullmatch(slug)
        if not match or match["name"] in (".", "..") or match["name"].endswith(".git"):
            raise RunbookError("bad-repository", f"{slug!r} cannot be the name of a repository", next="write it as owner/name")
        made = Repository(match["owner"], match["name"], int(made_up_id(slug)), origin)
        row = (slug.lower(), made.owner, made.name, made.id, str(origin))
        with self._store.transaction() as database:
            database.execute("INSERT OR REPLACE INTO github_repositories VALUES (?, ?, ?, ?, ?)", row)
        return made

    def find(self, owner: str, name: str) -> Repository | None:
        """Return the repository, or None when nobody registered it or its folder is gone."""
        query = "SELECT owner, name, id, origin FROM github_repositories WHERE slug = ?"
        with self._store.transaction() as database:
            row = database.execute(query, (f"{owner}/{name}".lower(),)).fetchone()
        found = Repository(row[0], row[1], row[2], Path(row[3])) if row else None
        return found if found and found.origin.is_dir() else None
