"""Who may sign in to an index: its users, and the tokens that it made for them and for trusted publishers."""

from __future__ import annotations

import json
import secrets
import uuid
from typing import Any

from pypi_runbook.twin.database import Database
from pypi_runbook.twin.records import Credential, User

# Whose tokens a person inside the twin holds from the start.
FIRST_USER = "maintainer"
TOKENS = (
    "SELECT t.site, t.identifier, t.key, t.caveats, t.publisher, u.site, u.name, u.id, u.verified, u.two_factor, u.frozen "
    "FROM tokens t LEFT JOIN users u ON u.id = t.user"
)


class Accounts:
    """Users and tokens of both indexes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def user(self, site: str, name: str) -> User | None:
        """Return SITE's user called NAME, or None."""
        rows = self._database.rows("SELECT site, name, id, verified, two_factor, frozen FROM users WHERE site = ? AND name = ?", site, name)
        return _user(rows[0]) if rows else None

    def users(self, site: str) -> list[User]:
        """Return SITE's users in the order in which they came."""
        query = "SELECT site, name, id, verified, two_factor, frozen FROM users WHERE site = ? ORDER BY rowid"
        return [_user(row) for row in self._database.rows(query, site)]

    def set_user(self, site: str, name: str, *, verified: bool = True, two_factor: bool = True, frozen: bool = False) -> User:
        """Make SITE's user called NAME, or change the one that is there, and return it."""
        with self._database.transaction() as database:
            known = self.user(site, name)
            user = User(site, name, known.id if known else str(uuid.uuid4()), verified, two_factor, frozen)
            database.execute(
                "INSERT INTO users VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (site, name) DO UPDATE SET "
                "verified = excluded.verified, two_factor = excluded.two_factor, frozen = excluded.frozen",
                (site, name, user.id, verified, two_factor, frozen),
            )
        return user

    def freeze(self, identifiers: list[str]) -> None:
        """Freeze the users with those ids."""
        with self._database.transaction() as database:
            database.executemany("UPDATE users SET frozen = 1 WHERE id = ?", [(each,) for each in identifiers])

    def add_token(self, site: str, caveats: list[Any], *, user: User | None = None, publisher: str | None = None) -> Credential:
        """Remember a new token of USER, or of the trusted publisher with the id PUBLISHER, limited by CAVEATS."""
        made = Credential(site, str(uuid.uuid4()), secrets.token_bytes(32), tuple(caveats), user, publisher)
        row = (site, made.identifier, made.key, user.id if user else None, publisher, json.dumps(caveats))
        with self._database.transaction() as database:
            database.execute("INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?)", row)
        return made

    def credential(self, site: str, identifier: str) -> Credential | None:
        """Return what SITE remembers of the token IDENTIFIER, or None when it never made it, or deleted it."""
        found = self._credentials("t.site = ? AND t.identifier = ?", site, identifier)
        return found[0] if found else None

    def tokens_of(self, user: User) -> list[Credential]:
        """Return USER's tokens, the oldest first."""
        return self._credentials("t.user = ?", user.id)

    def delete_token(self, identifier: str) -> None:
        """Forget a token."""
        with self._database.transaction() as database:
            database.execute("DELETE FROM tokens WHERE identifier = ?", (identifier,))

    def _credentials(self, where: str, *values: str) -> list[Credential]:
        join = f"{TOKENS} WHERE {where} ORDER BY t.rowid"
        return [_credential(row) for row in self._database.rows(join, *values)]


def _user(row: tuple[Any, ...]) -> User:
    site, name, id_, verified, two_factor, frozen = row
    return User(site, name, id_, bool(verified), bool(two_factor), bool(frozen))


def _credential(row: tuple[Any, ...]) -> Credential:
    site, identifier, key, caveats, publisher, *user = row
    return Credential(site, identifier, key, tuple(json.loads(caveats)), _user(tuple(user)) if user[0] else None, publisher)
