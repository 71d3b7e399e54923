"""What one index lists: its own uploads, and on PyPI everybody else's packages."""

from __future__ import annotations

from pathlib import Path

from pypi_runbook.twin.hosts import PYPI, Index
from pypi_runbook.twin.journal import last_serial, listed_projects
from pypi_runbook.twin.listing import Listed, own_listing, version_key
from pypi_runbook.twin.records import ACTIVE, QUARANTINED, File
from pypi_runbook.twin.world import World


class Catalog:
    """The files of one index. What was uploaded to the twin hides what the upstream has under that name.

    A page that caches hold may be older than the index: such pages are asked for with `cached`.
    """

    def __init__(self, world: World, index: Index) -> None:
        self._world = world
        self.index = index

    def projects(self) -> list[tuple[str, str, int]]:
        """Return normalized name, shown name and serial of each project that was uploaded here; a quarantined one is left out."""
        return listed_projects(self._world.store, self.index.name)

    def serial(self, project: str | None = None) -> int:
        """Return the number of the index's last change, or of PROJECT's; 0 for a project that is read through."""
        return last_serial(self._world.store, self.index.name, project)

    def status(self, project: str) -> str:
        """Return PROJECT's status: `active`, `archived` or `quarantined`."""
        known = self._world.store.project(self.index.name, project)
        return known.status if known else ACTIVE

    def shown_name(self, project: str) -> str | None:
        """Return PROJECT's name as it was written in its last upload, None when nobody uploaded it here."""
        known = self._world.store.project(self.index.name, project)
        return known.name if known else None

    def owners(self, project: str) -> list[tuple[str, str]]:
        """Return who has which role in PROJECT: `Owner` or `Maintainer`, and the account's name."""
        store, site = self._world.store, self.index.name
        known = store.project(site, project)
        roles = [(store.projects.role(known, user), user.name) for user in store.accounts.users(site)] if known else []
        return sorted(((role.capitalize(), name) for role, name in roles if role), key=lambda each: (each[0] != "Owner", each[1]))

    def own(self, project: str, *, cached: bool = False) -> list[File]:
        """Return PROJECT's files that were uploaded here, by version and name; none of a quarantined one."""
        if self.status(project) == QUARANTINED:
            return []
        shown = self._horizon() if cached else float("inf")
        files = [file for file in self._world.store.files(self.index.name, project) if file.uploaded <= shown]
        return sorted(files, key=lambda file: (version_key(file.version), file.filename))

    def is_own(self, project: str) -> bool:
        """Tell whether PROJECT is never read through: it was uploaded here, be it deleted since, or belongs to the session's project."""
        return self.index is not PYPI or project in self._world.own or self._world.store.projects.was_known(self.index.name, project)

    async def exists(self, project: str, *, cached: bool = False) -> bool:
        """Tell whether the index has a page for PROJECT, be it one without files."""
        if not self.is_own(project):
            return bool(await self._world.mirror.listing(project))
        known = self._world.store.project(self.index.name, project)
        return known is not None and (not cached or known.created <= self._horizon())

    async def listing(self, project: str, *, cached: bool = False) -> list[Listed]:
        """Return PROJECT's files, empty when there are none."""
        if self.is_own(project):
            return [own_listing(file) for file in self.own(project, cached=cached)]
        return await self._world.mirror.listing(project)

    def releases(self, project: str, *, cached: bool = False) -> list[str]:
        """Return the versions of PROJECT that were uploaded here, also those without a file; none of a quarantined one."""
        if self.status(project) == QUARANTINED:
            return []
        shown = {file.version for file in self.own(project, cached=cached)}
        hidden = {file.version for file in self.own(project)} - shown
        return [version for version in self._world.store.releases(self.index.name, project) if version not in hidden]

    async def metadata(self, item: Listed) -> bytes | None:
        """Return the metadata of a wheel in the listing."""
        if item.url:
            return await self._world.mirror.metadata(item)
        place = self.place(item.filename)
        place = place.with_name(f"{place.name}.metadata") if place else None
        return place.read_bytes() if place and place.is_file() else None

    def place(self, filename: str) -> Path | None:
        """Return where the bytes of an uploaded file lie, or None."""
        file = self._world.store.file(self.index.name, filename)
        return self._world.store.place(file) if file else None

    @property
    def world(self) -> World:
        """The twin's shared state."""
        return self._world

    def _horizon(self) -> float:
        """Return the moment after which caches know nothing."""
        lag = self._world.faults.lag(self.index.name)
        return self._world.clock() - lag if lag else float("inf")
