"""Who sends an upload, and what that token may do."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from pypi_runbook.rules import refuse
from pypi_runbook.twin.accounts import FIRST_USER, Accounts
from pypi_runbook.twin.caveats import Attempt, check_caveats
from pypi_runbook.twin.hosts import Index
from pypi_runbook.twin.records import ACTIVE, ARCHIVED, Credential, Project, User
from pypi_runbook.twin.store import Store
from pypi_runbook.twin.tokens import EXPIRATION, OIDC_PUBLISHER, PROJECT_ID, PROJECT_NAME, REQUEST_USER, Token, make_token, read_token

PUBLISHER_TOKEN_SECONDS = 900


@dataclass(frozen=True)
class Identity:
    """A token that this index made, and what the index remembers of it: a user's, or a trusted publisher's."""

    token: Token
    credential: Credential

    @property
    def account(self) -> User | None:
        """The user who holds the token, None for a trusted publisher's."""
        return self.credential.user

    @property
    def publisher(self) -> str | None:
        """The id of the trusted publisher, None for a user's token."""
        return self.credential.publisher


def user_token(accounts: Accounts, index: Index, user: User, projects: list[Project] | None = None, expires: float | None = None) -> str:
    """Make an API token of USER; PROJECTS limit it as the index's page does, EXPIRES (seconds since the epoch) as people add it themselves."""
    caveats: list[Any] = [[REQUEST_USER, user.id]]
    if projects is not None:
        caveats = [[PROJECT_NAME, [each.normalized for each in projects]], [PROJECT_ID, [each.id for each in projects]]]
    made = _token(accounts.add_token(index.name, caveats, user=user), index.host)
    # The index does not know of such a limit: nobody asked it.
    return (made if expires is None else made.limited([EXPIRATION, int(expires), 0])).text()


def first_token(accounts: Accounts, index: Index) -> str:
    """Return the first user's token for the whole account, the same each time until it is deleted."""
    user = accounts.user(index.name, FIRST_USER)
    assert user
    known = [token for token in accounts.tokens_of(user) if list(token.caveats) == [[REQUEST_USER, user.id]]]
    return _token(known[0], index.host).text() if known else user_token(accounts, index, user)


def publisher_token(accounts: Accounts, index: Index, host: str, publisher: str, projects: list[str], now: float) -> tuple[str, int]:
    """Make the token of a trusted PUBLISHER for the PROJECTS with those ids, and return it with its end; HOST is where it was asked for."""
    expires = int(now) + PUBLISHER_TOKEN_SECONDS
    caveats = [[OIDC_PUBLISHER, publisher, None], [PROJECT_ID, projects], [EXPIRATION, expires, int(now)]]
    return _token(accounts.add_token(index.name, caveats, publisher=publisher), host).text(), expires


def identify(request: web.Request, store: Store, index: Index) -> Identity | None:
    """Return who REQUEST's token stands for on INDEX, or None; a user name other than `__token__` is refused."""
    token = read_token(_password(request.headers.get("Authorization", "")))
    credential = store.accounts.credential(index.name, token.identifier) if token else None
    if token is None or credential is None or (credential.user and credential.user.frozen):
        return None
    return Identity(token, credential)


def permit(identity: Identity, project: Project, role: str | None, publisher_projects: frozenset[str], now: float) -> None:
    """Raise when IDENTITY may not upload to PROJECT.

    role: its user's in PROJECT; publisher_projects: ids of the projects that its publisher may upload to; now: seconds since the epoch.
    """
    attempt = Attempt(project, identity.account, identity.publisher, publisher_projects, now)
    # PyPI judges what it remembers of a token after what the token itself says, and so mostly says everything twice.
    remembered = [json.dumps(caveat).encode() for caveat in identity.credential.caveats]
    check_caveats([*identity.token.caveats, *remembered], attempt, signed=identity.token.is_signed_by(identity.credential.key))
    if identity.account is None:
        if project.status != ACTIVE or project.id not in publisher_projects:
            raise refuse("publisher-permission", project=project.name)
    elif project.status == ARCHIVED or role is None:
        raise refuse("user-permission", user=identity.account.name, project=project.name)


def _token(credential: Credential, host: str) -> Token:
    return make_token(host, credential.identifier, credential.key, list(credential.caveats))


def _password(header: str) -> str:
    scheme, _, value = header.partition(" ")
    if scheme.lower() in ("token", "bearer"):
        return value
    if scheme.lower() != "basic":
        return ""
    try:
        text = base64.b64decode(value).decode("latin-1")
    except binascii.Error:
        return ""
    user, colon, password = text.partition(":")
    if not colon:
        return ""
    if user != "__token__":
        raise refuse("username-password")
    return password
