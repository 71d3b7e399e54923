"""What the indexes hold: one SQLite file and the distributions beside it, in one folder.

A file becomes visible in the transaction that records it. Whatever ended a process before that left at most an unnamed file.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pypi_runbook.twin.hosts import INDEXES
from pypi_runbook.twin.records import Account, File

SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (site TEXT, user TEXT, identifier TEXT PRIMARY KEY, key BLOB);
CREATE TABLE IF NOT EXISTS projects (site TEXT, normalized TEXT, name TEXT, owner TEXT, created REAL, PRIMARY KEY (site, normalized));
CREATE TABLE IF NOT EXISTS releases (site TEXT, normalized TEXT, version TEXT, created REAL, PRIMARY KEY (site, normalized, version));
CREATE TABLE IF NOT EXISTS files (
    site TEXT, normalized TEXT, version TEXT, filename TEXT, filetype TEXT, size INTEGER, sha256 TEXT, blake2_256 TEXT, md5 TEXT,
    requires_python TEXT, metadata_sha256 TEXT, uploaded REAL, metadata TEXT, yanked TEXT, PRIMARY KEY (site, filename));
CREATE TABLE IF NOT EXISTS filenames (site TEXT, filename TEXT, PRIMARY KEY (site, filename));
CREATE INDEX IF NOT EXISTS files_by_project ON files (site, normalized);
"""
COLUMNS = "site, normalized, version, filename, filetype, size, sha256, blake2_256, md5, requires_python, metadata_sha256, uploaded, metadata, yanked"


class Store:
    """The state of both indexes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("files", "incoming"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._database = sqlite3.connect(folder / "twin.sqlite", check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.executescript(SCHEMA)
        for site in INDEXES:
            self._ensure_account(site)

    def close(self) -> None:
        """Close the database; the folder stays."""
        with self._lock:
            self._database.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Let one thread change the database; nothing of it is visible before the end."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def account(self, site: str) -> Account:
        """Return the account that owns what is uploaded to SITE."""
        row = self._rows("SELECT site, user, identifier, key FROM accounts WHERE site = ? ORDER BY rowid", site)[0]
        return Account(*row)

    def account_by_identifier(self, site: str, identifier: str) -> Account | None:
        """Return whom a token's IDENTIFIER stands for on SITE, or None when SITE never made it."""
        rows = self._rows("SELECT site, user, identifier, key FROM accounts WHERE site = ? AND identifier = ?", site, identifier)
        return Account(*rows[0]) if rows else None

    def project(self, site: str, normalized: str) -> tuple[str, str] | None:
        """Return a project's name as first uploaded and its owner, or None."""
        rows = self._rows("SELECT name, owner FROM projects WHERE site = ? AND normalized = ?", site, normalized)
        return (rows[0][0], rows[0][1]) if rows else None

    def project_names(self, site: str) -> list[str]:
        """Return the names of all projects of SITE as first uploaded, sorted."""
        return [row[0] for row in self._rows("SELECT name FROM projects WHERE site = ? ORDER BY normalized", site)]

    def release_created(self, site: str, normalized: str, version: str) -> float | None:
        """Return when a release's first file came, or None."""
        rows = self._rows("SELECT created FROM releases WHERE site = ? AND normalized = ? AND version = ?", site, normalized, version)
        return rows[0][0] if rows else None

    def files(self, site: str, normalized: str | None = None) -> list[File]:
        """Return SITE's files, or one project's, in the order of their uploads."""
        where, values = ("site = ? AND normalized = ?", [site, normalized]) if normalized else ("site = ?", [site])
        return [_file(row) for row in self._rows(f"SELECT {COLUMNS} FROM files WHERE {where} ORDER BY uploaded, rowid", *values)]  # noqa: S608

    def file(self, site: str, filename: str) -> File | None:
        """Return SITE's file of that name, or None."""
        rows = self._rows(f"SELECT {COLUMNS} FROM files WHERE site = ? AND filename = ?", site, filename)  # noqa: S608
        return _file(rows[0]) if rows else None

    def file_by_blake2(self, site: str, blake2_256: str) -> File | None:
        """Return SITE's file with those bytes, or None."""
        rows = self._rows(f"SELECT {COLUMNS} FROM files WHERE site = ? AND blake2_256 = ?", site, blake2_256)  # noqa: S608
        return _file(rows[0]) if rows else None

    def was_used(self, site: str, filename: str) -> bool:
        """Tell whether SITE ever held a file of that name."""
        return bool(self._rows("SELECT 1 FROM filenames WHERE site = ? AND filename = ?", site, filename))

    def place(self, file: File) -> Path:
        """Return where the bytes of FILE lie."""
        return self.folder / "files" / file.index / file.path

    def add(self, file: File, name: str, owner: str, content: Path, metadata: bytes | None) -> None:
        """Keep FILE: move its bytes from CONTENT into place, then record file, release and project at once."""
        target = self.place(file)
        target.parent.mkdir(parents=True, exist_ok=True)
        if metadata is not None:
            target.with_name(f"{target.name}.metadata").write_bytes(metadata)
        content.replace(target)
        with self.transaction() as database:
            key = (file.index, file.project)
            database.execute("INSERT OR IGNORE INTO projects VALUES (?, ?, ?, ?, ?)", (*key, name, owner, file.uploaded))
            database.execute("INSERT OR IGNORE INTO releases VALUES (?, ?, ?, ?)", (*key, file.version, file.uploaded))
            database.execute("INSERT OR IGNORE INTO filenames VALUES (?, ?)", (file.index, file.filename))
            database.execute(f"INSERT INTO files ({COLUMNS}) VALUES ({', '.join('?' * 14)})", _row(file))  # noqa: S608

    def _ensure_account(self, site: str) -> None:
        with self.transaction() as database:
            if not database.execute("SELECT 1 FROM accounts WHERE site = ?", (site,)).fetchone():
                database.execute("INSERT INTO accounts VALUES (?, ?, ?, ?)", (site, "maintainer", str(uuid.uuid4()), secrets.token_bytes(32)))

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with self._lock:
            return self._database.execute(query, values).fetchall()


def _row(file: File) -> tuple[Any, ...]:
    return (
        *(file.index, file.project, file.version, file.filename, file.filetype, file.size, file.sha256, file.blake2_256, file.md5),
        *(file.requires_python, file.metadata_sha256, file.uploaded, json.dumps(file.metadata), file.yanked),
    )


def _file(row: tuple[Any, ...]) -> File:
    *start, metadata, yanked = row
    values: list[Any] = [*start, json.loads(metadata), yanked]
    return File(*values)
