"""How the publishing action gets an upload token without a password, and what it says when it gets none."""

from __future__ import annotations

from http.client import responses
from typing import Any

from pypi_runbook.rehearsal.running import Job, StepError
from pypi_runbook.rehearsal.standins import publish_texts as texts
from pypi_runbook.rehearsal.standins.action import warn
from pypi_runbook.rehearsal.standins.web import ask_inside

PAGES = {
    "identity": "troubleshooting/id-token-permission.md",
    "invalid-publisher": "troubleshooting/invalid-publisher.md",
    "invalid-payload": "troubleshooting/name-not-allowed.md",
}
REUSABLE_PAGE, ENVIRONMENT_PAGE = "troubleshooting/reusable-workflow.md", "troubleshooting/environment-missing.md"
TARGET_PAGE, DOWN_PAGE = "troubleshooting/pull-request-target.md", "troubleshooting/index-down.md"


def get_token(job: Job, domain: str) -> str:
    """Return an upload token of the index at DOMAIN for the job; StepError in the action's words."""
    came = ask_inside(job, "exchange", domain)
    claims = came.get("claims", {})
    # A reusable workflow works by accident, so the action warns also when all goes well.
    if claims and claims.get("workflow_ref") != claims.get("job_workflow_ref"):
        _warn_of_reuse(job, claims)
    if came["failed"] or not came.get("token"):
        message, page = _failure(job, came, domain)
        job.summarize(texts.SUMMARY.format(message=message))
        raise StepError(f"{texts.EXCHANGE_FAILURE}{message}", page)
    token = str(came["token"])
    job.mask(token)
    return token


def _warn_of_reuse(job: Job, claims: dict[str, Any]) -> None:
    words = texts.REUSABLE.format(workflow_ref=claims.get("workflow_ref"), job_workflow_ref=claims.get("job_workflow_ref"))
    job.summarize(words)
    warn(job, f"Potential workflow misconfiguration: {words}")


def _failure(job: Job, came: dict[str, Any], domain: str) -> tuple[str, str | None]:
    """Return the action's words for what CAME of the exchange, and the page that explains it."""
    match came["failed"]:
        case "audience":
            return texts.AUDIENCE.format(domain=domain) + _audience_reason(came), DOWN_PAGE
        case "identity":
            text = texts.NO_IDENTITY_FORK if _comes_from_a_fork(job) else texts.NO_IDENTITY
            return text.format(error=came["error"]), PAGES["identity"]
        case "mint" if came.get("errors"):
            reasons = "\n".join(f"* `{error['code']}`: {error['description']}" for error in came["errors"])
            return texts.REFUSED.format(reasons=reasons, claims=render_claims(came["claims"])), page_of(came)
        case "mint":
            return texts.NO_JSON.format(status=came["status"]), DOWN_PAGE
    return texts.MALFORMED_ANSWER, DOWN_PAGE


def _audience_reason(came: dict[str, Any]) -> str:
    status = int(came["status"])
    if not status:
        return f"does not answer: {came['error']}"
    phrase = responses.get(status, "")
    return texts.AUDIENCE_REASONS.get(status, f"responded with unexpected {status}: {phrase}")


def page_of(came: dict[str, Any]) -> str | None:
    """Return the page about the first reason for which the index refused, as CAME of the exchange; None when there is none."""
    error, claims = came["errors"][0], came["claims"]
    if "pull_request_target" in error["description"]:
        return TARGET_PAGE
    if error["code"] == "invalid-publisher" and claims.get("workflow_ref") != claims.get("job_workflow_ref"):
        return REUSABLE_PAGE
    # The most common difference between a job and its publisher.
    if error["code"] == "invalid-publisher" and "environment" not in claims:
        return ENVIRONMENT_PAGE
    return PAGES.get(error["code"])


def render_claims(claims: dict[str, Any]) -> str:
    """Return CLAIMS as the action shows them to somebody who compares them with a publisher."""
    shown = "\n".join(f"* `{name}`: `{claims.get(name, 'MISSING')}`" for name in texts.CLAIMS)
    return texts.RENDERED_CLAIMS.format(claims=shown)


def _comes_from_a_fork(job: Job) -> bool:
    if job.github.get("event_name") != "pull_request":
        return False
    pull = job.world.event.get("pull_request", {})
    return bool(pull.get("head", {}).get("repo", {}).get("fork"))
