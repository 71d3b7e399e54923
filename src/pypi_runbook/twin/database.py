"""The SQLite file of a twin's state: opened for one process alone, changed in transactions only."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pypi_runbook.errors import RunbookError

PAGE = "reference/commands.md#pypi-runbook-twin"
# Raise it with every change of a table: a state that was made with another one is refused, not repaired.
VERSION = 1
SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    site TEXT, name TEXT, id TEXT UNIQUE, verified INTEGER, two_factor INTEGER, frozen INTEGER, PRIMARY KEY (site, name));
CREATE TABLE IF NOT EXISTS tokens (site TEXT, identifier TEXT PRIMARY KEY, key BLOB, user TEXT, publisher TEXT, caveats TEXT);
CREATE TABLE IF NOT EXISTS projects (
    site TEXT, normalized TEXT, id TEXT UNIQUE, name TEXT, created REAL, status TEXT, organization TEXT,
    file_limit INTEGER, total_limit INTEGER, held INTEGER, PRIMARY KEY (site, normalized));
CREATE TABLE IF NOT EXISTS roles (project TEXT, user TEXT, role TEXT, PRIMARY KEY (project, user));
CREATE TABLE IF NOT EXISTS organizations (site TEXT, name TEXT, active INTEGER, PRIMARY KEY (site, name));
CREATE TABLE IF NOT EXISTS releases (
    site TEXT, normalized TEXT, canonical TEXT, version TEXT, created REAL, yanked TEXT, PRIMARY KEY (site, normalized, canonical));
CREATE TABLE IF NOT EXISTS files (
    site TEXT, normalized TEXT, version TEXT, filename TEXT, filetype TEXT, size INTEGER, sha256 TEXT, blake2_256 TEXT, md5 TEXT,
    requires_python TEXT, metadata_sha256 TEXT, uploaded REAL, metadata TEXT, PRIMARY KEY (site, filename));
CREATE TABLE IF NOT EXISTS filenames (site TEXT, filename TEXT, PRIMARY KEY (site, filename));
CREATE TABLE IF NOT EXISTS names (site TEXT, normalized TEXT, PRIMARY KEY (site, normalized));
CREATE TABLE IF NOT EXISTS flags (site TEXT, name TEXT, PRIMARY KEY (site, name));
CREATE TABLE IF NOT EXISTS creations (site TEXT, user TEXT, moment REAL);
CREATE INDEX IF NOT EXISTS files_by_project ON files (site, normalized);
CREATE INDEX IF NOT EXISTS files_by_content ON files (site, blake2_256);
"""


class Database:
    """A connection that all threads of this process share, one at a time."""

    def __init__(self, folder: Path) -> None:
        """Open the database in FOLDER, or make it; RunbookError when it is in use, damaged, or of another version."""
        self._lock = threading.RLock()
        self._file = folder / "twin.sqlite"
        try:
            self._connection = sqlite3.connect(self._file, timeout=1, check_same_thread=False, isolation_level=None)
            self._prepare()
        except sqlite3.Error as error:
            raise self._explain(error) from error

    def close(self) -> None:
        """Close the database; the file stays."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Let one thread change the database; nothing of it is visible before the end. One inside another is a part of that one."""
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise

    def rows(self, query: str, *values: Any) -> list[Any]:
        """Return what QUERY finds with VALUES in its places."""
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def _prepare(self) -> None:
        # The lock is the operating system's: it ends with the process, however that ends.
        self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._connection.execute("PRAGMA journal_mode = WAL")
        # A killed process loses nothing by it: what it wrote is the operating system's already.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        found = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if found != VERSION and self._connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            self._connection.close()
            raise self._of_another_version(found)
        self._connection.executescript(f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT")

    def _of_another_version(self, found: int) -> RunbookError:
        age, advice = ("newer", "upgrade pypi-runbook, or") if found > VERSION else ("older", "")
        message = f"this state was made by a{'n' if age == 'older' else ''} {age} version of pypi-runbook"
        next_ = f"{advice} choose another folder with --state; nothing in this one was changed".strip()
        return RunbookError(f"state-{age}", message, file=str(self._file), next=next_, page=PAGE)

    def _explain(self, error: sqlite3.Error) -> RunbookError:
        file = str(self._file)
        if "locked" in str(error):
            next_ = "end the other twin, or choose another folder with --state"
            return RunbookError("state-in-use", "another twin uses this state", file=file, next=next_, page=PAGE)
        if isinstance(error, sqlite3.OperationalError):
            next_ = "make the folder writable, or choose another one with --state"
            return RunbookError("state-folder", f"the state cannot be written: {error}", file=file, next=next_, page=PAGE)
        next_ = "move the folder away, or choose another one with --state; what was uploaded lies in files/ beside it"
        return RunbookError("state-corrupt", f"the state is damaged: {error}", file=file, next=next_, page=PAGE)
