"""What the faces of one twin share."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pypi_runbook.twin.faults import Faults
from pypi_runbook.twin.github.state import GithubState
from pypi_runbook.twin.mirror import Mirror
from pypi_runbook.twin.records import Request
from pypi_runbook.twin.store import Store
from pypi_runbook.twin.trusted.state import Trusted


@dataclass
class World:
    """One twin's state: what it holds, whence it reads, how it fails, what time it is, and what it has seen.

    own: normalized names that are never read through, because the session's project owns them.
    checkout: the repository that github.com serves as an archive, or None.
    brief: whether pip is listed only the wheels that it could install; see `listing.usable`.
    secret: what somebody must know to change this world from inside it.
    rivals: by index and normalized name, what makes a project in the moment in which an upload is about to make it.
    trusted: the publishers that the indexes know, and GitHub's identities for jobs.
    github: the repositories, their releases, and the tokens of jobs.
    """

    store: Store
    mirror: Mirror
    faults: Faults = field(default_factory=Faults)
    clock: Callable[[], float] = time.time
    own: frozenset[str] = frozenset()
    checkout: Path | None = None
    brief: bool = False
    requests: list[Request] = field(default_factory=list)
    secret: str = field(default_factory=secrets.token_urlsafe)
    rivals: dict[tuple[str, str], Callable[[], None]] = field(default_factory=dict)
    trusted: Trusted = field(init=False)
    github: GithubState = field(init=False)

    def __post_init__(self) -> None:
        self.trusted = Trusted(self.store, lambda: self.clock())
        self.github = GithubState(self.store, lambda: self.clock())

    def publisher_projects(self, publisher: str) -> frozenset[str]:
        """Return the ids of the projects that the trusted publisher with the id PUBLISHER may upload to."""
        return self.trusted.registry.project_ids(publisher)
