"""The projects of an index: their names, roles, state and limits; and the switches of its administrators."""

from __future__ import annotations

import uuid
from typing import Any

from packaging.utils import canonicalize_name

from pypi_runbook.twin.database import Database
from pypi_runbook.twin.records import Project, User

OWNER, MAINTAINER = "owner", "maintainer"
COLUMNS = "site, normalized, id, name, created, status, organization, file_limit, total_limit, held"


class Projects:
    """Projects, organizations and flags of both indexes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def project(self, site: str, normalized: str) -> Project | None:
        """Return SITE's project of that normalized name, or None."""
        rows = self._database.rows(f"SELECT {COLUMNS} FROM projects WHERE site = ? AND normalized = ?", site, normalized)  # noqa: S608
        return Project(*rows[0]) if rows else None

    def names(self, site: str) -> list[str]:
        """Return the names of SITE's projects as last uploaded, sorted."""
        return [row[0] for row in self._database.rows("SELECT name FROM projects WHERE site = ? ORDER BY normalized", site)]

    def largest_file_limit(self, site: str) -> int:
        """Return the highest limit for a file that a project of SITE was given, 0 when none was."""
        return int(self._database.rows("SELECT max(coalesce(file_limit, 0)) FROM projects WHERE site = ?", site)[0][0] or 0)

    def was_known(self, site: str, normalized: str) -> bool:
        """Tell whether SITE ever had a project of that normalized name, also a deleted one."""
        return bool(self._database.rows("SELECT 1 FROM names WHERE site = ? AND normalized = ?", site, normalized))

    def create(self, project: Project, owner: User | None) -> None:
        """Keep a new PROJECT; OWNER gets that role."""
        with self._database.transaction() as database:
            values = (project.site, project.normalized, project.id, project.name, project.created, project.status, project.organization)
            limits = (project.file_limit, project.total_limit, project.held)
            database.execute(f"INSERT INTO projects ({COLUMNS}) VALUES ({', '.join('?' * 10)})", (*values, *limits))  # noqa: S608
            database.execute("INSERT OR IGNORE INTO names VALUES (?, ?)", (project.site, project.normalized))
            if owner:
                self.set_role(project, owner, OWNER)

    def change(self, project: Project, **values: Any) -> None:
        """Set columns of PROJECT, for example `status="archived"`."""
        with self._database.transaction() as database:
            for column, value in values.items():
                database.execute(f"UPDATE projects SET {column} = ? WHERE id = ?", (value, project.id))  # noqa: S608 (column: this package's)

    def delete(self, project: Project) -> None:
        """Forget PROJECT with its releases and files; its file names stay used."""
        with self._database.transaction() as database:
            for table in ("files", "releases", "projects"):
                database.execute(f"DELETE FROM {table} WHERE site = ? AND normalized = ?", (project.site, project.normalized))  # noqa: S608
            database.execute("DELETE FROM roles WHERE project = ?", (project.id,))

    def role(self, project: Project, user: User) -> str | None:
        """Return USER's role in PROJECT: `owner`, `maintainer` or None."""
        rows = self._database.rows("SELECT role FROM roles WHERE project = ? AND user = ?", project.id, user.id)
        return rows[0][0] if rows else None

    def members(self, project: Project) -> list[str]:
        """Return the ids of the users who have a role in PROJECT."""
        return [row[0] for row in self._database.rows("SELECT user FROM roles WHERE project = ?", project.id)]

    def set_role(self, project: Project, user: User, role: str | None) -> None:
        """Give USER that role in PROJECT, or take it away with None."""
        with self._database.transaction() as database:
            database.execute("DELETE FROM roles WHERE project = ? AND user = ?", (project.id, user.id))
            if role:
                database.execute("INSERT INTO roles VALUES (?, ?, ?)", (project.id, user.id, role))

    def set_organization(self, site: str, name: str, *, active: bool) -> None:
        """Make an organization on SITE, or say whether it is in good standing."""
        with self._database.transaction() as database:
            database.execute("INSERT OR REPLACE INTO organizations VALUES (?, ?, ?)", (site, name, active))

    def organizations(self, site: str) -> dict[str, bool]:
        """Return SITE's organizations, and whether each is in good standing."""
        return {name: bool(active) for name, active in self._database.rows("SELECT name, active FROM organizations WHERE site = ?", site)}

    def set_flag(self, site: str, name: str, *, on: bool) -> None:
        """Switch one of SITE's flags."""
        with self._database.transaction() as database:
            change = "INSERT OR IGNORE INTO flags VALUES (?, ?)" if on else "DELETE FROM flags WHERE site = ? AND name = ?"
            database.execute(change, (site, name))

    def has_flag(self, site: str, name: str) -> bool:
        """Tell whether a flag of SITE is on."""
        return bool(self._database.rows("SELECT 1 FROM flags WHERE site = ? AND name = ?", site, name))

    def add_creation(self, site: str, user: User, moment: float) -> None:
        """Remember that USER made a project, also when the upload failed afterwards."""
        with self._database.transaction() as database:
            database.execute("INSERT INTO creations VALUES (?, ?, ?)", (site, user.id, moment))

    def creations(self, site: str, since: float, now: float) -> list[tuple[str, float]]:
        """Return who made a project on SITE after SINCE, and when, the oldest first; what a clock put forward saw is after NOW, and not counted."""
        query = "SELECT user, moment FROM creations WHERE site = ? AND moment > ? AND moment <= ? ORDER BY moment"
        return [(user, moment) for user, moment in self._database.rows(query, site, since, now)]


def new_project(site: str, name: str, created: float) -> Project:
    """Return a project that nobody keeps yet."""
    return Project(site, canonicalize_name(name), str(uuid.uuid4()), name, created)
