"""The publishers that an index knows, what each may upload to, and which identity tokens were used: in the twin's own database."""

from __future__ import annotations

import uuid
from typing import Any

from packaging.utils import canonicalize_name

from pypi_runbook.rules.names import looks
from pypi_runbook.twin.records import Project, User
from pypi_runbook.twin.store import Store
from pypi_runbook.twin.trusted.publishers import Publisher, Registration

# A publisher is one row whatever number of projects it has; a pending one has the name of its project to be.
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS publishers (id TEXT PRIMARY KEY, site TEXT, owner TEXT, repository TEXT, workflow TEXT, environment TEXT,"
    " owner_id TEXT, pending TEXT, account TEXT, created REAL)",
    "CREATE TABLE IF NOT EXISTS publisher_projects (publisher TEXT, project TEXT, PRIMARY KEY (publisher, project))",
    "CREATE TABLE IF NOT EXISTS used_identities (site TEXT, jti TEXT, until REAL, PRIMARY KEY (site, jti))",
    "CREATE TABLE IF NOT EXISTS registrations (site TEXT, account TEXT, moment REAL)",
)
COLUMNS = "id, site, owner, repository, workflow, environment, owner_id, pending, account, created"
EXPIRY = 30 * 24 * 3600.0


class Registry:
    """Publishers and pending publishers of both indexes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        with store.transaction() as database:
            for statement in SCHEMA:
                database.execute(statement)

    def publishers(self, site: str) -> list[Registration]:
        """Return SITE's publishers in the order of their registration."""
        return self._registrations("site = ? AND pending IS NULL", site)

    def pending(self, site: str, now: float) -> list[Registration]:
        """Return SITE's pending publishers.

        Those older than 30 days go, as they do on PyPI once a day, and those for a name like that of somebody else's project.
        """
        found = self._registrations("site = ? AND pending IS NOT NULL", site)
        ended = [each for each in found if each.created < now - EXPIRY or self._is_taken(each)]
        for each in ended:
            self.remove(each)
        return [each for each in found if each not in ended]

    def all(self, site: str, now: float) -> list[Registration]:
        """Return both kinds."""
        return [*self.publishers(site), *self.pending(site, now)]

    def project_ids(self, publisher: str) -> frozenset[str]:
        """Return the ids of the projects that the publisher with that id may upload to."""
        query = "SELECT project FROM publisher_projects JOIN projects ON project = id WHERE publisher = ?"
        return frozenset(row[0] for row in self._rows(query, publisher))

    def add(self, publisher: Publisher, owner_id: str, project: Project, now: float) -> Registration | None:
        """Let PUBLISHER upload to PROJECT; None when it may already."""
        known = next((each for each in self.publishers(project.site) if each.publisher == publisher), None)
        with self._store.transaction() as database:
            id_ = known.id if known else self._insert(project.site, publisher, owner_id, None, "", now)
            done = database.execute("INSERT OR IGNORE INTO publisher_projects VALUES (?, ?)", (id_, project.id))
            if not done.rowcount:
                return None
        return self._registrations("id = ?", id_)[0]

    def add_pending(self, site: str, publisher: Publisher, owner_id: str, project: str, user: User, now: float) -> Registration:
        """Keep a pending PUBLISHER for the project that will be called PROJECT."""
        return self._registrations("id = ?", self._insert(site, publisher, owner_id, project, user.id, now))[0]

    def remove(self, registration: Registration, project: Project | None = None) -> None:
        """Forget REGISTRATION; with PROJECT only for that one, unless it is the last."""
        with self._store.transaction() as database:
            if project:
                database.execute("DELETE FROM publisher_projects WHERE publisher = ? AND project = ?", (registration.id, project.id))
            if not project or not self.project_ids(registration.id):
                database.execute("DELETE FROM publisher_projects WHERE publisher = ?", (registration.id,))
                database.execute("DELETE FROM publishers WHERE id = ?", (registration.id,))
                database.execute("DELETE FROM tokens WHERE publisher = ?", (registration.id,))

    def reify(self, registration: Registration, project: Project, now: float) -> None:
        """Make the pending REGISTRATION a publisher of PROJECT."""
        with self._store.transaction() as database:
            self.remove(registration)
            self.add(registration.publisher, registration.owner_id, project, now)
            # That it was used counts for its account: the limit on registrations starts again.
            database.execute("DELETE FROM registrations WHERE site = ? AND account = ?", (project.site, registration.account))

    def attempts(self, site: str, user: User, since: float) -> int:
        """Return how many registrations USER tried on SITE after SINCE."""
        return int(self._rows("SELECT COUNT(*) FROM registrations WHERE site = ? AND account = ? AND moment > ?", site, user.id, since)[0][0])

    def add_attempt(self, site: str, user: User, now: float) -> None:
        """Count a registration, whatever becomes of it."""
        with self._store.transaction() as database:
            database.execute("INSERT INTO registrations VALUES (?, ?, ?)", (site, user.id, now))

    def is_used(self, site: str, jti: str, now: float) -> bool:
        """Tell whether the identity token with that number gave a token on SITE before."""
        return bool(self._rows("SELECT 1 FROM used_identities WHERE site = ? AND jti = ? AND until > ?", site, jti, now))

    def use(self, site: str, jti: str, until: float) -> None:
        """Remember that the identity token with that number gave a token on SITE, UNTIL nobody would accept it anyway."""
        with self._store.transaction() as database:
            database.execute("INSERT OR REPLACE INTO used_identities VALUES (?, ?, ?)", (site, jti, until))

    def _is_taken(self, pending: Registration) -> bool:
        """Tell whether somebody else made a project that looks like the one that PENDING would make."""
        names = [name for name in self._store.project_names(pending.index) if looks(name) == looks(pending.projects[0])]
        projects = [self._store.project(pending.index, canonicalize_name(name)) for name in names]
        return any(project and pending.account not in self._store.projects.members(project) for project in projects)

    def _insert(self, site: str, publisher: Publisher, owner_id: str, pending: str | None, account: str, now: float) -> str:
        fields = (publisher.owner, publisher.repository, publisher.workflow, publisher.environment)
        id_ = str(uuid.uuid4())
        with self._store.transaction() as database:
            row = (id_, site, *fields, owner_id, pending, account, now)
            database.execute(f"INSERT INTO publishers ({COLUMNS}) VALUES ({', '.join('?' * 10)})", row)  # noqa: S608 (names of this module)
        return id_

    def _registrations(self, where: str, *values: str) -> list[Registration]:
        rows = self._rows(f"SELECT {COLUMNS} FROM publishers WHERE {where} ORDER BY rowid", *values)  # noqa: S608 (conditions of this module)
        return [self._registration(row) for row in rows]

    def _registration(self, row: tuple[Any, ...]) -> Registration:
        id_, site, owner, repository, workflow, environment, owner_id, pending, account, created = row
        names = self._rows("SELECT name FROM projects JOIN publisher_projects ON project = id WHERE publisher = ? ORDER BY normalized", id_)
        projects = (pending,) if pending is not None else tuple(name[0] for name in names)
        return Registration(id_, site, Publisher(owner, repository, workflow, environment), owner_id, projects, pending is not None, account, created)

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with self._store.transaction() as database:
            return database.execute(query, values).fetchall()


def named(registrations: list[Registration], publisher: Publisher, project: str) -> Registration | None:
    """Return the one of REGISTRATIONS that is PUBLISHER for PROJECT, or None."""
    wanted = canonicalize_name(project)
    return next((each for each in registrations if each.publisher == publisher and wanted in map(canonicalize_name, each.projects)), None)
