"""What GitHub remembers in the twin: repositories, releases, the files beside a release."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# Who a job's token is, to git and to the API.
BOT = "github-actions[bot]"


@dataclass(frozen=True)
class Repository:
    """A public repository: `owner/name` as registered, its made-up number, and the bare repository that it is."""

    owner: str
    name: str
    id: int
    origin: Path

    @property
    def slug(self) -> str:
        """The name that people write: `owner/name`."""
        return f"{self.owner}/{self.name}"
