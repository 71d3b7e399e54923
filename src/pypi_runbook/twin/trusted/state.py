"""What a twin keeps about Trusted Publishing: GitHub's issuer, the publishers, and why tokens were refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pypi_runbook.twin.store import Store
from pypi_runbook.twin.trusted.issuer import Issuer
from pypi_runbook.twin.trusted.registry import Registry


@dataclass(frozen=True)
class Refusal:
    """Why an index gave a job no token: before which request of the world's list that was, and the words for a person."""

    request: int
    lines: tuple[str, ...]


class Trusted:
    """One twin's part in Trusted Publishing; CLOCK gives seconds since the epoch."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self.registry = Registry(store)
        self.issuer = Issuer(clock)
        self.refusals: list[Refusal] = []

    def explained(self, since: int) -> list[str]:
        """Return the words about every refusal from request number SINCE on."""
        return [line for refusal in self.refusals if refusal.request >= since for line in refusal.lines]
