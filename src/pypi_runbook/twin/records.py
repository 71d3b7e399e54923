"""What the twin remembers and hands out: requests, files, accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


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
    """A file that an index of the twin holds; `metadata` are the fields of the upload form."""

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
class Account:
    """Whom a token stands for on one index."""

    index: str
    user: str
    identifier: str
    key: bytes
