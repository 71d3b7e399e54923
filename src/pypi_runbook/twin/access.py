"""Who sends an upload, and what that token may do."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from pypi_runbook.rules import refuse
from pypi_runbook.twin.hosts import Index
from pypi_runbook.twin.records import Account
from pypi_runbook.twin.store import Store
from pypi_runbook.twin.tokens import Token, make_token, read_token

EXPIRATION, PROJECT_NAME, PROJECT_ID, REQUEST_USER = 0, 1, 2, 3


@dataclass(frozen=True)
class Identity:
    """A token that this index made, and whom it stands for."""

    account: Account
    token: Token


def user_token(account: Account, index: Index, projects: list[str] | None = None) -> str:
    """Return an API token of ACCOUNT; PROJECTS limit it, as a project-scoped token is limited."""
    caveats: list[Any] = [[REQUEST_USER, account.user]]
    if projects is not None:
        caveats.insert(0, [PROJECT_NAME, projects])
    return make_token(index.host, account.identifier, account.key, caveats).text()


def identify(request: web.Request, store: Store, index: Index) -> Identity | None:
    """Return who REQUEST's token stands for on INDEX, or None; a user name other than `__token__` is refused."""
    token = read_token(_password(request.headers.get("Authorization", "")))
    account = store.account_by_identifier(index.name, token.identifier) if token else None
    return Identity(account, token) if account and token else None


def permit(identity: Identity, project: str, name: str, owner: str, now: float) -> None:
    """Raise when IDENTITY may not upload to PROJECT (normalized), shown as NAME, which belongs to OWNER."""
    if not identity.token.is_signed_by(identity.account.key):
        raise refuse("token-permission", error="signatures do not match")
    for caveat in identity.token.caveats:
        if problem := _problem(caveat, identity, project, name, now):
            raise refuse("token-permission", error=problem)
    if identity.account.user != owner:
        raise refuse("user-permission", user=identity.account.user, project=name)


def _password(header: str) -> str:
    scheme, _, value = header.partition(" ")
    if scheme.lower() in ("token", "bearer"):
        return value
    if scheme.lower() != "basic":
        return ""
    try:
        user, _, password = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        return ""
    if user != "__token__":
        raise refuse("username-password")
    return password


def _problem(caveat: bytes, identity: Identity, project: str, name: str, now: float) -> str:
    """Return why CAVEAT forbids the upload in PyPI's words, or nothing."""
    try:
        kind, *values = json.loads(caveat)
        if kind == EXPIRATION:
            return "" if values[1] <= now < values[0] else "token is expired"
        if kind == PROJECT_NAME:
            return "" if project in values[0] else f"project-scoped token is not valid for project: {name!r}"
        if kind == REQUEST_USER:
            return "" if values[0] == identity.account.user else "current user does not match user restriction in token"
    except (ValueError, TypeError, IndexError):
        return "malformed caveat"
    return "unknown caveat"
