"""What one index lists: its own uploads, and on PyPI everybody else's packages."""

from __future__ import annotations

from pathlib import Path

from pypi_runbook.twin.hosts import PYPI, Index
from pypi_runbook.twin.listing import Listed, own_listing
from pypi_runbook.twin.records import File
from pypi_runbook.twin.world import World


class Catalog:
    """The files of one index. What was uploaded to the twin hides what the upstream has under that name."""

    def __init__(self, world: World, index: Index) -> None:
        self._world = world
        self.index = index

    def names(self) -> list[str]:
        """Return the names of the projects that were uploaded here."""
        return self._world.store.project_names(self.index.name)

    def serial(self) -> int:
        """Return a number that grows with every upload."""
        return len(self._world.store.files(self.index.name))

    def own(self, project: str) -> list[File]:
        """Return the visible files of PROJECT that were uploaded here."""
        shown = self._world.clock() - self._world.faults.lag(self.index.name)
        return [file for file in self._world.store.files(self.index.name, project) if file.uploaded <= shown]

    def is_own(self, project: str) -> bool:
        """Tell whether PROJECT is never read through: it was uploaded here, or belongs to the session's project."""
        return self.index is not PYPI or project in self._world.own or self._world.store.project(self.index.name, project) is not None

    async def listing(self, project: str) -> list[Listed]:
        """Return PROJECT's files, empty when there is no such project."""
        if self.is_own(project):
            return [own_listing(file) for file in self.own(project)]
        return await self._world.mirror.listing(project)

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
