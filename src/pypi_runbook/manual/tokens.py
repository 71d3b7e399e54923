"""What an API token says about itself: the index that made it, and what limits it; read, never sent and never shown."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.manual.index import INDEXES, Index
from pypi_runbook.twin.tokens import EXPIRATION, OIDC_PUBLISHER, PROJECT_ID, PROJECT_NAME, Token, read_token

NOT_ONE = "troubleshooting/username-password.md"
WRONG = "troubleshooting/invalid-authentication.md"


@dataclass(frozen=True)
class Scope:
    """What a token may do, as far as it says so itself.

    host: the index that made it; projects: the normalized names that it is limited to, None when it names none.
    limited: whether it is limited to projects in a way that only the index can read; expires: seconds since the epoch, or None.
    """

    host: str
    projects: frozenset[str] | None = None
    limited: bool = False
    expires: float | None = None

    def __str__(self) -> str:
        title = next((index.title for index in INDEXES.values() if index.site.host == self.host), self.host or "an unnamed index")
        ends = f", until {datetime.fromtimestamp(self.expires, UTC):%Y-%m-%d %H:%M} UTC" if self.expires else ""
        return f"a token of {title}, for {self._reach()}{ends}"

    def _reach(self) -> str:
        if self.projects is not None:
            return f"the project {', '.join(sorted(self.projects))}"
        return "projects that only the index can name" if self.limited else "every project of its account"


def read_scope(secret: str) -> Scope:
    """Return what the token SECRET says about itself; RunbookError, which does not repeat it, when it is no token."""
    token = read_token(secret)
    if token is None:
        cut = secret.strip().startswith("pypi-")
        message = "the token is not whole: it was cut off or mistyped" if cut else "this is no API token; those begin with pypi-"
        advice = "copy the whole token once more, without quotes; an index no longer takes a password of an account"
        raise RunbookError("not-a-token", f"nothing was sent: {message}", next=advice, page=WRONG if cut else NOT_ONE)
    return _scope(token)


def require_fit(scope: Scope, index: Index, name: str) -> None:
    """Raise RunbookError when a token of SCOPE cannot upload the project NAME to INDEX: the index would refuse it."""
    if scope.host in {each.site.host for each in INDEXES.values()} - {index.site.host}:
        raise _unfit("token-of-other-index", f"this is {scope}, and the upload goes to {index.title}", index)
    if scope.expires is not None and scope.expires <= time.time():
        raise _unfit("token-expired", f"this is {scope}: it has expired", index)
    if scope.projects is not None and name not in scope.projects:
        raise _unfit("token-of-other-project", f"this is {scope}, and the upload is {name}", index)


def _unfit(id_: str, message: str, index: Index) -> RunbookError:
    advice = f"use a token of {index.title} for this project: {index.site.url}/manage/account/#api-tokens"
    return RunbookError(id_, f"nothing was sent: {message}", next=advice, page=WRONG)


def _scope(token: Token) -> Scope:
    projects: frozenset[str] | None = None
    limited, ends = False, []
    for kind, value in _caveats(token):
        if kind == PROJECT_NAME and isinstance(value, list):
            names = frozenset(map(str, value))
            projects = names if projects is None else projects & names
        elif kind == EXPIRATION and isinstance(value, int | float):
            ends.append(float(value))
        limited = limited or kind in (PROJECT_ID, OIDC_PUBLISHER)
    return Scope(token.location, projects, limited, min(ends, default=None))


def _caveats(token: Token) -> Iterator[tuple[int, Any]]:
    """Yield number and first value of each caveat; the two older forms, which live on in old tokens, as the new ones."""
    for caveat in token.caveats:
        try:
            match json.loads(caveat):
                case [int(kind), value, *_]:
                    yield kind, value
                case {"version": 1, "permissions": {"projects": names}}:
                    yield PROJECT_NAME, names
                case {"exp": expires}:
                    yield EXPIRATION, expires
                case {"project_ids": ids}:
                    yield PROJECT_ID, ids
        except ValueError:
            continue
