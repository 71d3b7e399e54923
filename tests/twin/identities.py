"""Jobs with claims of our choice, and what an index answers when one of them asks for a token: through curl, as a client asks."""

from __future__ import annotations

import json
import secrets
import subprocess
from dataclasses import dataclass
from typing import Any

from people import Person

from pypi_runbook.twin.trusted.publishers import made_up_id

Finished = subprocess.CompletedProcess[str]
OWNER = "octo"
# Asks GitHub for an identity, then the index for a token; nothing secret becomes an argument or is shown.
EXCHANGE = r"""
ask() {
  printf 'header = "Authorization: bearer %s"\n' "$CREDENTIAL" | curl --silent --config - "$ADDRESS&audience=$AUDIENCE" |
    sed 's/.*"value": "\([^"]*\)".*/\1/'
}
mint() { printf '{"token": "%s"}' "$1" | curl --silent --include --suppress-connect-headers --data-binary @- "https://$HOST/_/oidc/mint-token"; }
identity=$(ask)
for _ in $(seq "$TIMES"); do answer=$(mint "$identity"); done
printf '%s\n' "$answer" | sed 's/"token": "[^"]*"/"token": "***"/'
"""


@dataclass(frozen=True)
class Answer:
    """What an index said: the status, the code and the description of a refusal, and the whole body."""

    status: int
    code: str
    description: str
    body: dict[str, Any]


def claims_of(name: str = "project", /, **changes: str | None) -> dict[str, str]:
    """Return the claims of a job of `octo/NAME` that publishes from the environment `pypi`; a change to None takes one away."""
    slug, ref = f"{OWNER}/{name}", "refs/tags/1.0"
    path = f"{slug}/.github/workflows/publish.yml@{ref}"
    claims: dict[str, str | None] = {
        "repository": slug,
        "repository_owner": OWNER,
        "repository_owner_id": made_up_id(OWNER),
        "job_workflow_ref": path,
        "workflow_ref": path,
        "ref": ref,
        "sha": "a" * 40,
        "event_name": "release",
        "environment": "pypi",
        "run_id": str(secrets.randbelow(10**9)),
        **changes,
    }
    return {claim: value for claim, value in claims.items() if value is not None}


def exchange(person: Person, claims: dict[str, str], *, index: str = "pypi", audience: str | None = None, times: int = 1) -> Finished:
    """Let a job with CLAIMS ask INDEX for a token, TIMES over with one identity, and return what `curl --include` showed the last time."""
    begun = person.twin.perform("begin-job", claims=claims)
    host = {"pypi": "upload.pypi.org", "testpypi": "test.pypi.org"}[index]
    variables = {"ADDRESS": f"{person.twin.proxy}{begun['path']}", "CREDENTIAL": begun["credential"], "AUDIENCE": audience or index}
    return person.run("sh", "-c", EXCHANGE, HOST=host, TIMES=str(times), **variables)


def answer_in(output: str) -> Answer:
    """Return the answer that `curl --include` showed."""
    head, _, _ = output.partition("\n")
    body = json.loads(output[output.index("{") :])
    error = body["errors"][0] if "errors" in body else {"code": "", "description": body.get("message", "")}
    return Answer(int(head.split(" ")[1]), error["code"], error["description"], body)


def register(person: Person, project: str, publisher: str, *, index: str = "pypi", pending: bool = True) -> None:
    """Register PUBLISHER, OWNER/REPOSITORY/WORKFLOW@ENVIRONMENT, for PROJECT."""
    owner, repository, rest = publisher.split("/")
    workflow, _, environment = rest.partition("@")
    fields = {"owner": owner, "repository": repository, "workflow": workflow, "environment": environment}
    person.twin.perform("add-publisher", index=index, project=project, publisher=fields, pending=pending)
