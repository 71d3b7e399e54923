"""The tokens of jobs: each for one repository, with the permissions of its job, dead when the job ends.

They live in memory only: a job does not outlive the twin around it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pypi_runbook.twin.github.records import Repository

PREFIX = "ghs_"
LETTERS = string.ascii_letters + string.digits
# A job's token lives as long as the job, and no longer than this.
LIFETIME = 24 * 3600.0
LEVELS = {"none": 0, "read": 1, "write": 2, "admin": 3}


@dataclass(frozen=True)
class JobToken:
    """What GitHub knows of a job's token: its repository's number, its permissions (`{"contents": "write"}`), its end in epoch seconds."""

    repository: int
    permissions: Mapping[str, str]
    expires: float

    def allows(self, repository: Repository, permission: str, level: str) -> bool:
        """Tell whether the token may do what needs LEVEL of PERMISSION in REPOSITORY; a public one is read by everybody."""
        granted = self.permissions.get(permission, "none") if repository.id == self.repository else "none"
        return LEVELS.get(granted, 0) >= LEVELS[level]


class Tokens:
    """The tokens that live, under their digests; CLOCK gives seconds since the epoch."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: dict[bytes, JobToken] = {}

    def make(self, repository: Repository, permissions: Mapping[str, str]) -> str:
        """Return a new token for REPOSITORY."""
        text = PREFIX + "".join(secrets.choice(LETTERS) for _ in range(36))
        self._known[_digest(text)] = JobToken(repository.id, dict(permissions), self._clock() + LIFETIME)
        return text

    def end(self, text: str) -> bool:
        """Forget a token; tell whether it was one."""
        return self._known.pop(_digest(text), None) is not None

    def find(self, text: str) -> JobToken | None:
        """Return what is known of a token; None when it never was one, was ended, or is too old."""
        token = self._known.get(_digest(text))
        return token if token and token.expires > self._clock() else None


def given_token(header: str) -> str | None:
    """Return the token in an `Authorization` header, whichever of GitHub's forms it has; None without one, empty when it cannot be read."""
    scheme, _, value = header.strip().partition(" ")
    if scheme.lower() in ("token", "bearer"):
        return value.strip()
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return ""
    # A token is accepted in either place.
    return password if password not in ("", "x-oauth-basic") else user


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
