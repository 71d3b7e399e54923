"""What the indexes hold: one SQLite file and the distributions beside it, in one folder.

A file becomes visible in the transaction that records it. Whatever ended a process before that left at most an unnamed file.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_version

from pypi_runbook.errors import RunbookError
from pypi_runbook.twin.accounts import FIRST_USER, Accounts
from pypi_runbook.twin.database import PAGE, Database
from pypi_runbook.twin.hosts import INDEXES
from pypi_runbook.twin.projects import Projects
from pypi_runbook.twin.records import File, Project, User
from pypi_runbook.twin.sweep import sweep_store

COLUMNS = "site, normalized, version, filename, filetype, size, sha256, blake2_256, md5, requires_python, metadata_sha256, uploaded, metadata"
# Yanked is the release, and so each of its files, also a later one.
YANKED = "(SELECT yanked FROM releases r WHERE r.site = f.site AND r.normalized = f.normalized AND r.version = f.version)"
FILES = f"SELECT {COLUMNS}, {YANKED} FROM files f"  # noqa: S608


class Store:
    """The state of both indexes."""

    def __init__(self, folder: Path) -> None:
        """Open the state in FOLDER, or make it; RunbookError when nobody can work with it."""
        self.folder = folder
        try:
            for name in ("files", "incoming"):
                (folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message, next_ = f"the state folder cannot be made: {error.strerror}", "choose another folder with --state"
            raise RunbookError("state-folder", message, file=str(folder), next=next_, page=PAGE) from error
        self._database = Database(folder)
        self.accounts = Accounts(self._database)
        self.projects = Projects(self._database)
        for site in INDEXES:
            if not self.accounts.users(site):
                self.accounts.set_user(site, FIRST_USER)
        sweep_store(self)

    def close(self) -> None:
        """Close the database; the folder stays."""
        self._database.close()

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """Let one thread change the database; nothing of it is visible before the end."""
        return self._database.transaction()

    def project(self, site: str, normalized: str) -> Project | None:
        """Return SITE's project of that normalized name, or None."""
        return self.projects.project(site, normalized)

    def project_names(self, site: str) -> list[str]:
        """Return the names of all projects of SITE as last uploaded, sorted."""
        return self.projects.names(site)

    def release(self, site: str, normalized: str, version: str) -> tuple[str, float] | None:
        """Return the version of a release as it was first uploaded, and when that was; None when there is no such release."""
        query = "SELECT version, created FROM releases WHERE site = ? AND normalized = ? AND canonical = ?"
        rows = self._database.rows(query, site, normalized, canonicalize_version(version))
        return (rows[0][0], rows[0][1]) if rows else None

    def releases(self, site: str, normalized: str) -> list[str]:
        """Return the versions of a project's releases in the order in which they came."""
        return [
            row[0] for row in self._database.rows("SELECT version FROM releases WHERE site = ? AND normalized = ? ORDER BY rowid", site, normalized)
        ]

    def files(self, site: str, normalized: str | None = None) -> list[File]:
        """Return SITE's files, or one project's, in the order of their uploads."""
        where, values = ("site = ? AND normalized = ?", [site, normalized]) if normalized else ("site = ?", [site])
        return [_file(row) for row in self._database.rows(f"{FILES} WHERE {where} ORDER BY uploaded, rowid", *values)]

    def file(self, site: str, filename: str) -> File | None:
        """Return SITE's file of that name, or None."""
        rows = self._database.rows(f"{FILES} WHERE site = ? AND filename = ?", site, filename)
        return _file(rows[0]) if rows else None

    def file_by_blake2(self, site: str, blake2_256: str) -> File | None:
        """Return SITE's file with those bytes, or None."""
        rows = self._database.rows(f"{FILES} WHERE site = ? AND blake2_256 = ?", site, blake2_256)
        return _file(rows[0]) if rows else None

    def was_used(self, site: str, filename: str) -> bool:
        """Tell whether SITE ever held a file of that name."""
        return bool(self._database.rows("SELECT 1 FROM filenames WHERE site = ? AND filename = ?", site, filename))

    def place(self, file: File) -> Path:
        """Return where the bytes of FILE lie."""
        return self.folder / "files" / file.index / file.path

    def add(self, file: File, project: Project, creator: User | None, content: Path, metadata: bytes | None) -> None:
        """Keep FILE: move its bytes from CONTENT into place, then record file, release and PROJECT, whose CREATOR owns a new one, at once."""
        target = self.place(file)
        target.parent.mkdir(parents=True, exist_ok=True)
        if metadata is not None:
            target.with_name(f"{target.name}.metadata").write_bytes(metadata)
        content.replace(target)
        with self.transaction() as database:
            if self.project(file.index, file.project) is None:
                self.projects.create(project, creator)
            self.projects.change(project, name=project.name)
            release = (file.index, file.project, canonicalize_version(file.version), file.version, file.uploaded, None)
            database.execute("INSERT OR IGNORE INTO releases VALUES (?, ?, ?, ?, ?, ?)", release)
            database.execute("INSERT OR IGNORE INTO filenames VALUES (?, ?)", (file.index, file.filename))
            database.execute(f"INSERT INTO files ({COLUMNS}) VALUES ({', '.join('?' * 13)})", _row(file))  # noqa: S608

    def yank(self, site: str, normalized: str, version: str, reason: str | None) -> None:
        """Yank a release for that REASON, which may be empty; None takes it back."""
        with self.transaction() as database:
            query = "UPDATE releases SET yanked = ? WHERE site = ? AND normalized = ? AND canonical = ?"
            database.execute(query, (reason, site, normalized, canonicalize_version(version)))

    def delete_file(self, file: File) -> None:
        """Forget FILE; its name stays used, and its bytes stay in the folder, as they do on PyPI."""
        with self.transaction() as database:
            database.execute("DELETE FROM files WHERE site = ? AND filename = ?", (file.index, file.filename))

    def delete_release(self, site: str, normalized: str, version: str) -> None:
        """Forget a release, spelled as it was first uploaded, with its files; their names stay used."""
        with self.transaction() as database:
            for table in ("files", "releases"):
                database.execute(f"DELETE FROM {table} WHERE site = ? AND normalized = ? AND version = ?", (site, normalized, version))  # noqa: S608


def _row(file: File) -> tuple[Any, ...]:
    return (
        *(file.index, file.project, file.version, file.filename, file.filetype, file.size, file.sha256, file.blake2_256, file.md5),
        *(file.requires_python, file.metadata_sha256, file.uploaded, json.dumps(file.metadata)),
    )


def _file(row: tuple[Any, ...]) -> File:
    *start, metadata, yanked = row
    values: list[Any] = [*start, json.loads(metadata), yanked]
    return File(*values)
