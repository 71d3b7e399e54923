"""The releases of all repositories and the files beside them: in the twin's own database, the files' bytes in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pypi_runbook.twin.github.records import Asset, Release, Repository
from pypi_runbook.twin.store import Store

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS github_releases (id INTEGER PRIMARY KEY AUTOINCREMENT, repository INTEGER, tag TEXT, target TEXT, name TEXT,"
    " body TEXT, draft INTEGER, prerelease INTEGER, created REAL, published REAL, updated REAL, author TEXT)",
    # Any number of drafts may wait for the same tag.
    "CREATE UNIQUE INDEX IF NOT EXISTS github_published ON github_releases (repository, tag) WHERE NOT draft",
    "CREATE TABLE IF NOT EXISTS github_latest (repository INTEGER PRIMARY KEY, release INTEGER)",
    "CREATE TABLE IF NOT EXISTS github_assets (id INTEGER PRIMARY KEY AUTOINCREMENT, release INTEGER, name TEXT, label TEXT, kind TEXT,"
    " size INTEGER, sha256 TEXT, downloads INTEGER, created REAL, uploader TEXT, UNIQUE (release, name))",
)
RELEASE = "id, repository, tag, target, name, body, draft, prerelease, created, published, updated, author"
ASSET = "id, release, name, label, kind, size, sha256, downloads, created, uploader"


class Releases:
    """What stands on the pages of releases."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._folder = store.folder / "assets"
        with store.transaction() as database:
            for statement in SCHEMA:
                database.execute(statement)
        self._sweep()

    def all(self, repository: Repository) -> list[Release]:
        """Return the releases of REPOSITORY, drafts included, the newest first."""
        return self._releases("repository = ? ORDER BY created DESC, id DESC", repository.id)

    def find(self, repository: Repository, id_: int) -> Release | None:
        """Return the release of REPOSITORY with that number, or None."""
        return next(iter(self._releases("repository = ? AND id = ?", repository.id, id_)), None)

    def of_tag(self, repository: Repository, tag: str, *, draft: bool = False) -> Release | None:
        """Return the published release of TAG, or the first draft that waits for it, or None."""
        return next(iter(self._releases("repository = ? AND tag = ? AND draft = ? ORDER BY id", repository.id, tag, draft)), None)

    def latest(self, repository: Repository) -> Release | None:
        """Return the one that GitHub calls the latest: the one that was said to be, else the newest full release."""
        with self._store.transaction() as database:
            row = database.execute("SELECT release FROM github_latest WHERE repository = ?", (repository.id,)).fetchone()
        full = [release for release in self.all(repository) if not release.draft and not release.prerelease]
        return next((release for release in full if row and release.id == row[0]), full[0] if full else None)

    def set_latest(self, repository: Repository, release: Release | None) -> None:
        """Call RELEASE the latest from now on; None: let the dates decide."""
        with self._store.transaction() as database:
            database.execute("INSERT OR REPLACE INTO github_latest VALUES (?, ?)", (repository.id, release.id if release else None))

    def save(self, release: Release) -> Release:
        """Keep RELEASE, a new one when its number is 0, and return it with its number; IntegrityError when its tag has a published one."""
        values = tuple(vars(release).values())[1:]
        with self._store.transaction() as database:
            row = (release.id or None, *values)
            database.execute("DELETE FROM github_releases WHERE id = ?", (release.id,))
            query = f"INSERT INTO github_releases ({RELEASE}) VALUES ({', '.join('?' * 12)})"  # noqa: S608 (names of this module)
            number = database.execute(query, row).lastrowid
        return self._releases("id = ?", number)[0]

    def delete(self, release: Release) -> None:
        """Forget RELEASE with its files; the tag is git's."""
        for asset in self.assets(release):
            self.delete_asset(asset)
        with self._store.transaction() as database:
            database.execute("DELETE FROM github_releases WHERE id = ?", (release.id,))

    def assets(self, release: Release) -> list[Asset]:
        """Return the files of RELEASE, the oldest first."""
        return self._assets("release = ? ORDER BY id", release.id)

    def asset_by_id(self, id_: int) -> Asset | None:
        """Return the file with that number, whichever repository has it, or None."""
        return next(iter(self._assets("id = ?", id_)), None)

    def asset(self, repository: Repository, id_: int) -> tuple[Release, Asset] | None:
        """Return the file with that number and its release, or None when REPOSITORY has none."""
        found = self.asset_by_id(id_)
        release = self.find(repository, found.release) if found else None
        return (release, found) if found and release else None

    def add_asset(self, asset: Asset, content: Path) -> Asset:
        """Keep ASSET, whose number is 0, and move its bytes from CONTENT into place; IntegrityError when its release has one of that name."""
        with self._store.transaction() as database:
            row = tuple(vars(asset).values())[1:]
            query = f"INSERT INTO github_assets ({ASSET.removeprefix('id, ')}) VALUES ({', '.join('?' * 9)})"  # noqa: S608 (names of this module)
            kept = self._assets("id = ?", database.execute(query, row).lastrowid)[0]
            self._folder.mkdir(exist_ok=True)
            content.replace(self.place(kept))
        return kept

    def count_download(self, asset: Asset) -> None:
        """Count one more download of ASSET."""
        with self._store.transaction() as database:
            database.execute("UPDATE github_assets SET downloads = downloads + 1 WHERE id = ?", (asset.id,))

    def delete_asset(self, asset: Asset) -> None:
        """Forget a file and its bytes."""
        with self._store.transaction() as database:
            database.execute("DELETE FROM github_assets WHERE id = ?", (asset.id,))
        self.place(asset).unlink(missing_ok=True)

    def place(self, asset: Asset) -> Path:
        """Return where the bytes of ASSET lie."""
        return self._folder / str(asset.id)

    def _sweep(self) -> None:
        """Remove bytes whose record a killed twin never wrote, or had deleted."""
        known = {str(asset.id) for asset in self._assets("1")}
        for path in self._folder.glob("*"):
            if path.name not in known:
                path.unlink()

    def _releases(self, where: str, *values: Any) -> list[Release]:
        with self._store.transaction() as database:
            rows = database.execute(f"SELECT {RELEASE} FROM github_releases WHERE {where}", values).fetchall()  # noqa: S608 (conditions of this module)
        return [_release(row) for row in rows]

    def _assets(self, where: str, *values: Any) -> list[Asset]:
        with self._store.transaction() as database:
            rows = database.execute(f"SELECT {ASSET} FROM github_assets WHERE {where}", values).fetchall()  # noqa: S608 (conditions of this module)
        return [Asset(*row) for row in rows]


def _release(row: tuple[Any, ...]) -> Release:
    values = dict(zip(RELEASE.split(", "), row, strict=True))
    return Release(**values | {name: bool(values[name]) for name in ("draft", "prerelease")})
