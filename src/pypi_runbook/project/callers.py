"""Which jobs call which reusable workflow of the repository, and what each call gives it."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pypi_runbook.project.expressions import Scope
from pypi_runbook.project.inputs import Given, call
from pypi_runbook.project.text import table
from pypi_runbook.project.yaml import plain

# GitHub nests ten workflows; more calls of one file than this say nothing new about it.
DEEPEST = 10
MOST_CALLS = 64


@dataclass(frozen=True)
class Call:
    """One way in which a workflow runs: what its inputs are, and whether whoever calls it may ask for an OIDC token."""

    given: Given
    id_token: bool = False


OWN = Call(Given())


class Callers:
    """Finds the calls of each file; `files` holds the value of every workflow file by its path in the repository."""

    def __init__(self, files: Mapping[str, Any]) -> None:
        self.files = files
        self.found: dict[str, list[Call]] = {}

    def of(self, file: str, depth: int = 0) -> list[Call]:
        """Return the ways in which FILE runs: by its own events, and once for each call."""
        if file not in self.found:
            self.found[file] = []  # a workflow that calls itself, which GitHub refuses, has no further way
            ways = [OWN] if has_own_events(self.files[file]) else []
            if depth < DEEPEST:
                ways += [way for other, data in self.files.items() for body in calling(data, file) for way in self.through(other, body, file, depth)]
            self.found[file] = ways[:MOST_CALLS] or [OWN]
        return self.found[file]

    def through(self, caller: str, body: Any, callee: str, depth: int) -> list[Call]:
        """Return the calls of CALLEE by the job BODY of CALLER, one for each way in which that job itself runs."""
        declared = table(table(table(self.files[callee]).get("on")).get("workflow_call")).get("inputs")
        given = {str(key): plain(value) for key, value in table(body.get("with")).items()}
        return [
            Call(call(declared, way.given.table(given), way.given.scope(Scope.of(self.files[caller], body))), may_ask(self.files[caller], body, way))
            for way in self.of(caller, depth + 1)
        ]


def has_own_events(data: Any) -> bool:
    """Tell whether anything else than a call starts the workflow DATA; one without events counts, for want of a better way."""
    on = table(data).get("on")
    events = list(on) if isinstance(on, list | dict) else [on]
    return events != ["workflow_call"]


def calling(data: Any, file: str) -> list[Any]:
    """Return the jobs of the workflow DATA that call FILE."""
    return [body for body in table(table(data).get("jobs")).values() if local_file(table(body).get("uses")) == file]


def local_file(uses: Any) -> str | None:
    """Return the path of the repository's own workflow that USES names, None for anything else."""
    return posixpath.normpath(uses) if isinstance(uses, str) and uses.startswith("./") else None


def grants_id_token(permissions: Any) -> bool:
    """Tell whether PERMISSIONS let a job ask GitHub for an OIDC token."""
    return permissions == "write-all" or bool(table(permissions).get("id-token") == "write")


def id_token(data: Any, body: Any) -> str | None:
    """Return where the permission of job BODY to ask for an OIDC token is granted; its own `permissions` replace the workflow's."""
    if "permissions" in body:
        return "job" if grants_id_token(body["permissions"]) else None
    return "workflow" if grants_id_token(table(data).get("permissions")) else None


def may_ask(data: Any, body: Any, way: Call) -> bool:
    """Tell whether job BODY can ask for an OIDC token; where neither it nor its workflow says, its caller does."""
    silent = "permissions" not in body and "permissions" not in data
    return id_token(data, body) is not None or (silent and way.id_token)
