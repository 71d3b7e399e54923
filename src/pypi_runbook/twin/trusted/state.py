"""What a twin keeps about Trusted Publishing: GitHub's issuer, the publishers, and what a person should know of each request for a token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pypi_runbook.twin.store import Store
from pypi_runbook.twin.trusted.issuer import Issuer
from pypi_runbook.twin.trusted.registry import Registry


@dataclass(frozen=True)
class Note:
    """What a person should know of a request for a token: which number it has in the world's list, and the words."""

    request: int
    lines: tuple[str, ...]


class Trusted:
    """One twin's part in Trusted Publishing; CLOCK gives seconds since the epoch."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self.registry = Registry(store)
        self.issuer = Issuer(clock)
        self.notes: list[Note] = []

    def explained(self, since: int) -> list[str]:
        """Return the words about every request from number SINCE on."""
        return [line for note in self.notes if note.request >= since for line in note.lines]
