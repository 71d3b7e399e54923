"""The journal of an index: a serial number for every change, as mirrors and caches compare them.

The database writes it by itself, so that no change is forgotten, whoever makes it.
"""

from __future__ import annotations

from pypi_runbook.twin.records import QUARANTINED
from pypi_runbook.twin.store import Store

WATCHED = {
    "files": ("AFTER INSERT", "AFTER DELETE"),
    "releases": ("AFTER INSERT", "AFTER UPDATE OF yanked", "AFTER DELETE"),
    "projects": ("AFTER INSERT", "AFTER UPDATE OF status", "AFTER DELETE"),
}


def prepare(store: Store) -> None:
    """Let STORE keep a journal from now on."""
    with store.transaction() as database:
        database.execute("CREATE TABLE IF NOT EXISTS journal (serial INTEGER PRIMARY KEY AUTOINCREMENT, site TEXT, normalized TEXT)")
        database.execute("CREATE INDEX IF NOT EXISTS journal_by_project ON journal (site, normalized)")
        for table, moments in WATCHED.items():
            for moment in moments:
                which = "old" if moment.endswith("DELETE") else "new"
                name = f"{table}_{moment.lower().replace(' ', '_')}"
                entry = f"INSERT INTO journal (site, normalized) VALUES ({which}.site, {which}.normalized)"  # noqa: S608 (names of this module)
                database.execute(f"CREATE TRIGGER IF NOT EXISTS {name} {moment} ON {table} BEGIN {entry}; END")


def last_serial(store: Store, site: str, project: str | None = None) -> int:
    """Return the number of the last change of SITE, or of one PROJECT (normalized); 0 before the first."""
    where, values = ("site = ? AND normalized = ?", (site, project)) if project else ("site = ?", (site,))
    with store.transaction() as database:
        row = database.execute(f"SELECT max(serial) FROM journal WHERE {where}", values).fetchone()  # noqa: S608 (conditions of this module)
    return int(row[0] or 0)


def listed_projects(store: Store, site: str) -> list[tuple[str, str, int]]:
    """Return normalized name, shown name and last change of SITE's projects, sorted; without those in quarantine."""
    query = """
        SELECT p.normalized, p.name, coalesce(max(j.serial), 0) FROM projects p
        LEFT JOIN journal j ON j.site = p.site AND j.normalized = p.normalized
        WHERE p.site = ? AND p.status != ? GROUP BY p.normalized ORDER BY p.normalized"""
    with store.transaction() as database:
        return list(database.execute(query, (site, QUARANTINED)))
