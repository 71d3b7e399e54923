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


@dataclass(frozen=True)
class Release:
    """A release of the repository with that number.

    tag, target: the tag's name, and the branch or commit from which it is made when it is not there; name, body: None when nobody gave one.
    created, published, updated: seconds since the epoch; `created` is the date of the commit, `published` is None for a draft.
    """

    id: int
    repository: int
    tag: str
    target: str
    name: str | None
    body: str | None
    draft: bool
    prerelease: bool
    created: float
    published: float | None
    updated: float
    author: str


@dataclass(frozen=True)
class Asset:
    """A file beside a release: its type as the client said it, its size in bytes, how often it was downloaded."""

    id: int
    release: int
    name: str
    label: str
    kind: str
    size: int
    sha256: str
    downloads: int
    created: float
    uploader: str
