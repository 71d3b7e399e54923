"""What a twin keeps about GitHub: the repositories, their releases, and the tokens of jobs."""

from __future__ import annotations

from collections.abc import Callable

from pypi_runbook.twin.github.releases import Releases
from pypi_runbook.twin.github.repositories import Repositories
from pypi_runbook.twin.github.tokens import Tokens
from pypi_runbook.twin.store import Store


class GithubState:
    """GitHub's part of one twin; CLOCK gives seconds since the epoch."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.repositories = Repositories(store)
        self.releases = Releases(store)
        self.tokens = Tokens(clock)
