"""Which artifacts a job finds: jobs that do not wait for each other run at once on GitHub, so neither can count on the other's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pypi_runbook.rehearsal.standins.artifacts import ABOUT

HIDDEN = ".hidden"


@dataclass
class Visibility:
    """The artifacts of one run in FOLDER, and the job that each is from; what stands in a called workflow has `job/` before its own id."""

    folder: Path
    _owners: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def of(self, key: str, before: frozenset[str]) -> Iterator[None]:
        """Hide from the job KEY the artifacts that are neither its own nor of a job of BEFORE; their names stay taken."""
        about, hidden = self.folder / ABOUT, self.folder / HIDDEN
        hidden.mkdir(parents=True, exist_ok=True)
        known = {record.name: record.read_text() for record in about.glob("*.json")}
        for name in known:
            if not self._sees(key, before, self._owners.get(name, key)):
                (about / name).rename(hidden / name)
        try:
            yield
        finally:
            self._owners |= {record.name: key for record in about.glob("*.json") if known.get(record.name) != record.read_text()}
            for record in hidden.glob("*.json"):
                if (about / record.name).exists():
                    record.unlink()
                else:
                    record.rename(about / record.name)

    @staticmethod
    def _sees(key: str, before: frozenset[str], owner: str) -> bool:
        return owner == key or any(owner == other or owner.startswith(f"{other}/") for other in before)
