"""What limits a token: PyPI's five kinds of caveats, as it numbers, reads and words them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pypi_runbook.rules import Refused, Site, refuse
from pypi_runbook.twin.records import Project, User
from pypi_runbook.twin.tokens import EXPIRATION, OIDC_PUBLISHER, PROJECT_ID, PROJECT_NAME, REQUEST_USER

PREFIX = "Invalid API Token: "


@dataclass(frozen=True)
class Attempt:
    """An upload whose token is looked at: to which project, by whom, and when.

    user, publisher: one of them is None; publisher_projects: ids of the projects that the publisher may upload to.
    """

    project: Project
    user: User | None
    publisher: str | None
    publisher_projects: frozenset[str]
    now: float


class TokenRefused(Refused):
    """A token whose limits forbid the upload, in all the words that PyPI joins."""

    def __init__(self, problems: list[Refused]) -> None:
        super().__init__(problems[0].rule, problems[0].fields)
        self._problems = problems

    def message(self, site: Site) -> str:
        """Return the words that SITE puts into the reason phrase and the body."""
        return PREFIX + ", ".join(problem.message(site).removeprefix(PREFIX) for problem in self._problems)


def check_caveats(caveats: Iterable[bytes], attempt: Attempt, *, signed: bool) -> None:
    """Raise every reason that CAVEATS give against ATTEMPT; without one, what is wrong with the token itself, unless it is SIGNED."""
    problems = []
    readable = True
    for caveat in caveats:
        try:
            problem = _problem(json.loads(caveat), attempt)
        except (ValueError, TypeError, KeyError):
            # PyPI stops here, and keeps to what it found before.
            readable = False
            break
        problems += [problem] if problem else []
    if problems:
        raise TokenRefused(problems)
    if not readable:
        raise refuse("token-error")
    if not signed:
        raise refuse("token-signature")


def _problem(data: Any, attempt: Attempt) -> Refused | None:
    if isinstance(data, dict):
        data = _adapt(data, attempt.user)
    if not isinstance(data, list):
        return refuse("caveat-not-array")
    if not data:
        return refuse("caveat-empty")
    tag, *fields = data
    if tag not in KINDS:
        return refuse("caveat-unknown", tag=tag)
    fits, least, judge = KINDS[tag]
    if len(fields) < least:
        return refuse("caveat-short")
    return judge(fields, attempt) if fits(fields) else refuse("caveat-values")


def _adapt(data: dict[str, Any], user: User | None) -> list[Any] | None:
    """Return a caveat of PyPI's first years in today's form, or None."""
    if data.get("version") == 1:
        permissions = data.get("permissions")
        if permissions == "user":
            return [REQUEST_USER, user.id] if user else None
        return [PROJECT_NAME, permissions["projects"]] if isinstance(permissions, dict) and "projects" in permissions else None
    if "exp" in data and "nbf" in data:
        return [EXPIRATION, data["exp"], data["nbf"]]
    return [PROJECT_ID, data["project_ids"]] if "project_ids" in data else None


def _expiration(fields: list[Any], attempt: Attempt) -> Refused | None:
    return None if fields[1] <= int(attempt.now) < fields[0] else refuse("token-expired")


def _project_name(fields: list[Any], attempt: Attempt) -> Refused | None:
    return None if attempt.project.normalized in fields[0] else refuse("token-project", project=attempt.project.name)


def _project_id(fields: list[Any], attempt: Attempt) -> Refused | None:
    return None if attempt.project.id in fields[0] else refuse("token-project", project=attempt.project.name)


def _request_user(fields: list[Any], attempt: Attempt) -> Refused | None:
    if attempt.user is None:
        return refuse("token-without-user")
    return None if attempt.user.id == fields[0] else refuse("token-other-user")


def _publisher(fields: list[Any], attempt: Attempt) -> Refused | None:
    if attempt.publisher is None:
        return refuse("token-without-publisher")
    if attempt.publisher != fields[0]:
        return refuse("token-other-publisher")
    return None if attempt.project.id in attempt.publisher_projects else refuse("token-publisher-project", project=attempt.project.name)


def _are_moments(fields: list[Any]) -> bool:
    return all(type(each) is int for each in fields[:2])


def _is_list_of_text(fields: list[Any]) -> bool:
    return isinstance(fields[0], list) and all(isinstance(each, str) for each in fields[0])


def _is_text(fields: list[Any]) -> bool:
    return isinstance(fields[0], str)


def _is_text_and_claims(fields: list[Any]) -> bool:
    return isinstance(fields[0], str) and isinstance(fields[1] if len(fields) > 1 else None, dict | None)


Judge = Callable[[list[Any], Attempt], Refused | None]
# By PyPI's numbers: which fields fit, how many there must be, and what they say of an attempt.
KINDS: dict[Any, tuple[Callable[[list[Any]], bool], int, Judge]] = {
    EXPIRATION: (_are_moments, 2, _expiration),
    PROJECT_NAME: (_is_list_of_text, 1, _project_name),
    PROJECT_ID: (_is_list_of_text, 1, _project_id),
    REQUEST_USER: (_is_text, 1, _request_user),
    OIDC_PUBLISHER: (_is_text_and_claims, 1, _publisher),
}
