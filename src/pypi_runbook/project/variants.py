"""The ways in which one job runs: for each call of its workflow, and where they differ in environment, each event, input and leg."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pypi_runbook.project.callers import Call, may_ask
from pypi_runbook.project.expressions import Scope
from pypi_runbook.project.facts import Publish, Step
from pypi_runbook.project.inputs import Given
from pypi_runbook.project.publishing import Site, find_uploads

# More ways than these are not told apart; what differs between them is then unknown.
MOST = 64


@dataclass(frozen=True)
class Variant:
    """One way: what names mean in it, what the workflow's inputs are, and whether the job may ask for an OIDC token."""

    scope: Scope
    given: Given
    trusted: bool

    def values(self, text: str) -> list[str] | None:
        """Return every value that TEXT can take in this way, None when the files do not say."""
        return self.scope.values(self.given.fill(text))


@dataclass(frozen=True)
class Environment:
    """A job's environment: its name, or why there is none to name."""

    name: str | None
    reason: str | None = None


def variants(data: Any, body: Any, calls: list[Call]) -> list[Variant]:
    """Return one variant for each of the CALLS through which job BODY of workflow DATA runs."""
    return [Variant(call.given.scope(Scope.of(data, body)), call.given, may_ask(data, body, call)) for call in calls]


def split(ways: list[Variant]) -> list[Variant]:
    """Return WAYS, each once for every event, choice of inputs and leg of the matrix; WAYS themselves when that would be too many."""
    found = list(itertools.islice((single for way in ways for single in singles(way)), MOST + 1))
    return found if len(found) <= MOST else ways


def singles(way: Variant) -> Iterator[Variant]:
    """Yield WAY with one event, one value for each input and one leg of the matrix."""
    scope = way.scope
    events: list[str | None] = [*scope.events]
    for event in events or [None]:
        choices = itertools.product(*scope.inputs.values()) if event in (None, "workflow_dispatch") else [()]
        for choice in choices:
            for leg in scope.matrix:
                inputs = {name: [value] for name, value in zip(scope.inputs, choice, strict=False)}
                yield replace(way, scope=replace(scope, events=[event] if event else [], inputs=inputs, matrix=[leg]))


def environment(text: str, ways: list[Variant]) -> Environment:
    """Return the environment that TEXT names in all of WAYS, or that it has several or none that the files say."""
    if not text:
        return Environment(None)
    found = [way.values(text) for way in ways]
    names: list[str | None] = list(dict.fromkeys(name for values in found for name in (values if values is not None else [None])))
    if len(names) == 1 and names[0] is not None:
        return Environment(names[0] or None)
    known = [name or "none" for name in names if name is not None]
    return Environment(None, f"it is the expression {text}" + (f", which can be {', '.join(known)}" if known else ""))


def uploads(steps: list[Step], text: str, ways: list[Variant], site: Site) -> list[Publish]:
    """Return every upload of STEPS in any of WAYS, each once, with the environment (TEXT, as written) in which it happens."""
    one = environment(text, ways)
    found: dict[tuple[str | None, ...], Publish] = {}
    for way in ways if one.reason is None else split(ways):
        name = environment(text, [way]).name
        mine = [way.given.step(step) for step in steps if not way.given.never(step.condition)]
        for upload in find_uploads(mine, way.scope, site, trusted=way.trusted):
            found.setdefault((upload.index, upload.client, upload.auth, name), replace(upload, environment=name))
    return list(found.values())
