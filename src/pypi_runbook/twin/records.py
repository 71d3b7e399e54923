"""What the twin remembers and hands out: requests, files, users, tokens, projects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ACTIVE, ARCHIVED, QUARANTINED = "active", "archived", "quarantined"


@dataclass(frozen=True)
class Request:
    """One request that reached the twin, or a host that the tunnel refused.

    host, method, path: as the client sent them; `path` holds the query too, and is empty for a host that the tunnel refused.
    status: the answer's status; when: seconds since the epoch.
    reason: the words of a refusal, empty when the request was fulfilled.
    client: the start of the client's User-Agent, for example `twine/7.0.0`.
    """

    host: str
    method: str
    path: str
    status: int
    when: float
    reason: str = ""
    client: str = ""


@dataclass(frozen=True)
class File:
    """A file that an index of the twin holds; `metadata` are the fields of the upload form, `yanked` the reason when its release is."""

    index: str
    project: str
    version: str
    filename: str
    filetype: str
    size: int
    sha256: str
    blake2_256: str
    md5: str
    requires_python: str
    metadata_sha256: str
    uploaded: float
    metadata: dict[str, Any]
    yanked: str | None = None

    @property
    def path(self) -> str:
        """Where the file host serves it: addressed by content, as on PyPI."""
        return f"packages/{self.blake2_256[:2]}/{self.blake2_256[2:4]}/{self.blake2_256[4:]}/{self.filename}"


@dataclass(frozen=True)
class User:
    """A person's account on one index; a frozen one is nobody to the index, whatever it holds in its hands."""

    site: str
    name: str
    id: str
    verified: bool = True
    two_factor: bool = True
    frozen: bool = False


@dataclass(frozen=True)
class Credential:
    """What an index remembers of a token that it made: the key, its limits, and whether a user or a trusted publisher holds it."""

    site: str
    identifier: str
    key: bytes
    caveats: tuple[Any, ...]
    user: User | None
    publisher: str | None


@dataclass(frozen=True)
class Project:
    """A project of one index.

    normalized, name: its name for comparison, and as it was written in the last upload; id: what tokens name it by.
    status: `active`, `archived` or `quarantined`; organization: the name of its owner, when that is one.
    file_limit, total_limit: bytes, None for the index's own; held: bytes that it is taken to have besides its files.
    """

    site: str
    normalized: str
    id: str
    name: str
    created: float
    status: str = ACTIVE
    organization: str | None = None
    file_limit: int | None = None
    total_limit: int | None = None
    held: int = 0
