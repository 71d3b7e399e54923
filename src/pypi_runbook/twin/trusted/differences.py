"""What PyPI does not say: which of a job's values differs from a publisher's, and where to change it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from pypi_runbook.project.indexes import Index
from pypi_runbook.twin.trusted.matching import Claims, text, workflow_file
from pypi_runbook.twin.trusted.publishers import Publisher, Registration

OTHER_NAME = "troubleshooting/invalid-publisher.md"
REUSABLE = "troubleshooting/reusable-workflow.md"
ENVIRONMENT = "troubleshooting/environment-missing.md"
TARGET = "troubleshooting/pull-request-target.md"

# What a publisher of another repository has in common with a job is chance; one of another environment is mostly the one that is meant.
WEIGHTS = {"Owner": 8, "repository_owner_id": 8, "Repository name": 4, "Workflow name": 2}


@dataclass(frozen=True)
class Difference:
    """One value that keeps a job's claims and a publisher apart.

    field: as the form calls it, or the claim's name where no form has it; job, publisher: the two values, empty for none.
    hint: what else there is to know; page: the page that says what to change.
    """

    field: str
    job: str
    publisher: str
    page: str
    hint: str = ""

    def __str__(self) -> str:
        tail = f" ({self.hint})" if self.hint else ""
        return f"{self.field}: the job has {quoted(self.job)}, the publisher {quoted(self.publisher)}{tail}"

    def as_json(self) -> dict[str, str]:
        """Return the fields by name."""
        return dict(vars(self))


def quoted(value: str | None) -> str:
    """Return VALUE in quotes, so that a space at its end or a character that nobody sees is visible; `none` for no value."""
    return repr(value) if value else "none"


def differences(claims: Claims, publisher: Publisher, owner_id: str = "") -> list[Difference]:
    """Return what of CLAIMS is not PUBLISHER's, in the order of the form; an OWNER_ID is compared where it is known.

    What is not among CLAIMS at all is not compared, since people paste pieces; a job without an environment has no such claim.
    """
    owner, _, repository = text(claims, "repository").partition("/")
    owner = owner or text(claims, "repository_owner")
    found = _name("Owner", owner, publisher.owner) if owner else []
    # Another owner has another number.
    found += _owner_id(claims, owner_id) if not found else []
    found += _name("Repository name", repository, publisher.repository) if repository else []
    found += _workflow(claims, publisher, f"{owner}/{repository}") if "job_workflow_ref" in claims else []
    environment = text(claims, "environment")
    whole = "environment" in claims or "job_workflow_ref" in claims
    if whole and publisher.environment and environment.lower() != publisher.environment.lower():
        found.append(Difference("Environment name", environment, publisher.environment, ENVIRONMENT, _hint(environment, publisher.environment)))
    if text(claims, "event_name") == "pull_request_target":
        found.append(Difference("event_name", "pull_request_target", "", TARGET, "no index gives a token for this event"))
    return found


def nearest(claims: Claims, registered: Iterable[Registration]) -> tuple[Registration, list[Difference]] | None:
    """Return the one of REGISTERED that is meant most likely, and its differences from CLAIMS; None when there is none at all."""
    judged = [(each, differences(claims, each.publisher, each.owner_id)) for each in registered]
    return min(judged, key=lambda pair: distance(pair[1]), default=None)


def distance(different: Iterable[Difference]) -> int:
    """Return how far apart DIFFERENT keeps claims and publisher."""
    return sum(WEIGHTS.get(each.field, 1) for each in different)


def form_address(index: Index, registration: Registration) -> str:
    """Return the page on which a person changes REGISTRATION."""
    if registration.pending or not registration.projects:
        return f"{index.url}/manage/account/publishing/"
    return f"{index.url}/manage/project/{canonicalize_name(registration.projects[0])}/settings/publishing/"


def _name(field: str, job: str, publisher: str) -> list[Difference]:
    if job == publisher:
        return []
    return [Difference(field, job, publisher, OTHER_NAME, _hint(job, publisher))]


def _hint(job: str, publisher: str) -> str:
    """Return what makes two names differ that look alike; nothing where they do not."""
    if job.lower() == publisher.lower():
        return "upper and lower case count"
    if job.strip().lower() != publisher.strip().lower():
        return ""
    if publisher != publisher.strip():
        return "only the space around the publisher's name differs: delete the publisher, and register it again without the space"
    return "only the space around the job's name differs: remove it in the workflow"


def _owner_id(claims: Claims, known: str) -> list[Difference]:
    given = text(claims, "repository_owner_id")
    if not known or not given or given == known:
        return []
    return [Difference("repository_owner_id", given, known, OTHER_NAME, "another account has the owner's name now; register the publisher anew")]


def _workflow(claims: Claims, publisher: Publisher, slug: str) -> list[Difference]:
    """Compare the file that the job stands in, which is not the one that was started where a workflow calls another."""
    place, _, ref = text(claims, "job_workflow_ref").partition("@")
    where, _, _ = place.partition("/.github/workflows/")
    started = text(claims, "workflow_ref").partition("@")[0]
    called = bool(started and place and started != place)
    hint = f"called by {started.rpartition('/')[2]}" if called else ""
    page = REUSABLE if called else OTHER_NAME
    found = []
    if (file := workflow_file(claims)) != publisher.workflow:
        hint = hint or _hint(file, publisher.workflow)
        found.append(Difference("Workflow name", file, publisher.workflow, page, hint))
    if place and "repository" in claims and where.lower() != slug.lower():
        found.append(Difference("the repository of the workflow", where, slug, REUSABLE, hint))
    elif ref and "ref" in claims and ref not in (text(claims, "ref"), text(claims, "sha"), text(claims, "workflow_sha")):
        found.append(Difference("the ref of the workflow", ref, text(claims, "ref"), REUSABLE, hint))
    return found
