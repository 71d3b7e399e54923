"""A job's claims beside the publisher that an index should know: what differs, and where to look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from packaging.utils import canonicalize_name

from pypi_runbook.errors import RunbookError
from pypi_runbook.project import Facts
from pypi_runbook.project.indexes import INDEXES, Index
from pypi_runbook.twin.trusted.differences import Difference, differences, distance
from pypi_runbook.twin.trusted.expected import expected_project, expected_publisher
from pypi_runbook.twin.trusted.matching import text, workflow_file
from pypi_runbook.twin.trusted.publishers import Publisher

PAGE = "troubleshooting/invalid-publisher.md"


@dataclass(frozen=True)
class Comparison:
    """Claims and publisher on one index; `project` is the name in the address of the publisher's page, if it is known."""

    index: Index
    publisher: Publisher
    claims: dict[str, str]
    differences: list[Difference]
    project: str | None

    @property
    def address(self) -> str:
        """Where a person sees what is registered."""
        if self.project:
            return f"{self.index.url}/manage/project/{canonicalize_name(self.project)}/settings/publishing/"
        return f"{self.index.url}/manage/projects/"

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """Each field of the form: its name, the job's value and the publisher's; empty for none."""
        owner, _, repository = text(self.claims, "repository").partition("/")
        return [
            ("Owner", owner or text(self.claims, "repository_owner"), self.publisher.owner),
            ("Repository name", repository, self.publisher.repository),
            ("Workflow name", workflow_file(self.claims), self.publisher.workflow),
            ("Environment name", text(self.claims, "environment"), self.publisher.environment),
        ]

    def is_known(self, field: str) -> bool:
        """Tell whether the claims say anything about a FIELD; of a whole list, a missing environment says that there is none."""
        claims = {"Owner": ("repository", "repository_owner"), "Repository name": ("repository",), "Workflow name": ("job_workflow_ref",)}
        return any(name in self.claims for name in claims.get(field, ("environment", "job_workflow_ref")))

    def as_json(self) -> dict[str, Any]:
        """Return the document that `--json` prints."""
        return {
            "schema": 1,
            "index": self.index.name,
            "agrees": not self.differences,
            "publisher": self.publisher.as_json(),
            "fields": [{"field": field, "job": job or None, "publisher": publisher or None} for field, job, publisher in self.rows],
            "differences": [each.as_json() for each in self.differences],
            "address": self.address,
            "page": self.differences[0].page if self.differences else PAGE,
        }


def compare(facts: Facts, claims: dict[str, str], publisher: Publisher | None, index: str | None) -> Comparison:
    """Compare CLAIMS with PUBLISHER, or with the one that FACTS say for INDEX.

    Without INDEX it is the one that the claims are made for, else the one whose publisher is nearest.
    RunbookError when the files say no publisher.
    """
    audience = claims.get("aud")
    wanted = [index] if index else [audience] if audience in INDEXES else list(INDEXES)
    expected = {name: publisher or expected_publisher(facts, name) for name in wanted if name}
    judged = [(name, each, differences(claims, each)) for name, each in expected.items() if each]
    if not judged:
        message = f"the project's files do not say which publisher {' or '.join(INDEXES[name].title for name in expected)} should know"
        raise RunbookError("no-publisher-expected", message, next="say it: --publisher OWNER/REPOSITORY/WORKFLOW@ENVIRONMENT", page=PAGE)
    name, nearest, different = min(judged, key=lambda each: distance(each[2]))
    return Comparison(INDEXES[name], nearest, claims, different, expected_project(facts, name))
