"""Which publisher a job's claims belong to: PyPI's look-up, then its checks, in its order and with its words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pypi_runbook.rules import refuse
from pypi_runbook.twin.trusted.publishers import Publisher, Registration

Claims = Mapping[str, Any]
# The last part of a path before an `@`; the branch behind it may look like a file name too.
WORKFLOW = re.compile(r"[^/]+\.(?:yml|yaml)(?=@)")
# PyPI asks for these in no fixed order; one that is missing is GitHub's mistake and nobody's daily trouble.
REQUIRED = ("repository", "repository_owner", "repository_owner_id", "job_workflow_ref", "jti", "event_name", "ref", "sha")


def find_publisher(registered: Iterable[Registration], claims: Claims, is_used: Callable[[str], bool]) -> Registration:
    """Return the one of REGISTERED that CLAIMS belong to, or raise PyPI's refusal (warehouse/oidc/models).

    is_used: tells whether an identity token with that identifier gave a token before.
    """
    for name in REQUIRED:
        if claims.get(name) is None:
            raise refuse("mint-claim-missing", claim=name)
    found = _look_up(registered, claims)
    _verify(found, claims, is_used)
    return found


def workflow_file(claims: Claims) -> str:
    """Return the name of the file that the job stands in, or nothing when CLAIMS do not name one."""
    match = WORKFLOW.search(text(claims, "job_workflow_ref"))
    return match[0] if match else ""


def text(claims: Claims, name: str) -> str:
    """Return a claim that should be a string; nothing where it is missing or something else."""
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _look_up(registered: Iterable[Registration], claims: Claims) -> Registration:
    """Return the publisher for the claims' environment, else one without any; upper and lower case count in all else."""
    owner, _, repository = text(claims, "repository").partition("/")
    workflow = workflow_file(claims)
    if not workflow:
        raise refuse("mint-workflow")
    same = [
        each
        for each in registered
        if (each.publisher.owner, each.publisher.repository, each.publisher.workflow) == (owner, repository, workflow)
        and each.owner_id == text(claims, "repository_owner_id")
    ]
    environment = text(claims, "environment").lower()
    for wanted in dict.fromkeys([environment, ""]):
        for each in same:
            if each.publisher.environment == wanted:
                return each
    raise refuse("mint-no-publisher")


def _verify(found: Registration, claims: Claims, is_used: Callable[[str], bool]) -> None:
    """Check what the look-up left open. PyPI compares repository, owner id and environment once more, which cannot fail here."""
    publisher = found.publisher
    if text(claims, "repository_owner") != publisher.owner:
        raise refuse("mint-claim", claim="repository_owner")
    _verify_workflow(publisher, claims)
    if is_used(str(claims["jti"])):
        raise refuse("mint-reused")
    if claims["event_name"] == "pull_request_target":
        raise refuse("mint-event")


def _verify_workflow(publisher: Publisher, claims: Claims) -> None:
    """Check that the job stands in a file of this repository, at the ref or the commit that the workflow was started on."""
    refs = [ref for ref in (text(claims, "ref"), text(claims, "sha")) if ref]
    if not refs:
        raise refuse("mint-no-ref")
    path = f"{publisher.owner}/{publisher.repository}/.github/workflows/{publisher.workflow}"
    expected = sorted({f"{path}@{ref}" for ref in refs})
    if claims["job_workflow_ref"] not in expected:
        raise refuse("mint-workflow-ref", expected=expected, found=claims["job_workflow_ref"])
