"""What a caller gives to the inputs of a composite action or a reusable workflow, put into the texts that use them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pypi_runbook.project.expressions import UNKNOWN, ExpressionError, Open, Scope, Value, condition, is_expression
from pypi_runbook.project.expressions.scope import CONTEXTS, RUN_ONLY
from pypi_runbook.project.facts import Step
from pypi_runbook.project.text import table
from pypi_runbook.project.yaml import plain

USE = re.compile(r"\$\{\{\s*inputs\.([\w-]+)\s*\}\}", re.IGNORECASE)


@dataclass(frozen=True)
class Given:
    """The inputs of one call by name in lower case; those that only a run can tell are missing. Without a call nothing is replaced."""

    called: bool = False
    values: dict[str, str] = field(default_factory=dict)

    def fill(self, text: str) -> str:
        """Return TEXT with each `${{ inputs.NAME }}` that is known replaced."""
        return USE.sub(lambda match: self.values.get(match[1].lower(), match[0]), text) if self.called else text

    def table(self, texts: Mapping[str, str]) -> dict[str, str]:
        """Return TEXTS, a `with:` or an `env:`, filled."""
        return {key: self.fill(text) for key, text in texts.items()}

    def step(self, step: Step) -> Step:
        """Return STEP with its texts filled."""
        run, folder = (self.fill(text) if text else text for text in (step.run, step.working_directory))
        return replace(step, run=run, working_directory=folder, inputs=self.table(step.inputs), env=self.table(step.env))

    def scope(self, scope: Scope) -> Scope:
        """Return SCOPE inside what is called, where the caller's own inputs mean nothing."""
        return replace(scope, env=self.table(scope.env), inputs={}, events=[]) if self.called else scope

    def never(self, text: str | None) -> bool:
        """Tell whether the `if:` TEXT holds in no run; an expression that GitHub would refuse is left to GitHub."""
        inputs: Value = Open({name: {"true": True, "false": False}.get(value, value) for name, value in self.values.items()})
        contexts: dict[str, Value] = dict.fromkeys(CONTEXTS, UNKNOWN)
        contexts |= {"inputs": inputs} if self.called else {}
        try:
            return text is not None and condition(text, contexts, RUN_ONLY) is False
        except ExpressionError:
            return False


def call(declared: Any, given: Mapping[str, str], scope: Scope) -> Given:
    """Return what the inputs DECLARED are in a call that gives GIVEN, in the caller's SCOPE; defaults fill what it leaves out."""
    values = {str(name).lower(): plain(table(body).get("default")) for name, body in table(declared).items()}
    for name, text in given.items():
        known = scope.values(text)
        if known and len(known) == 1:
            values[name.lower()] = known[0]
        elif is_expression(text) and "inputs" not in text:
            values[name.lower()] = text
        else:
            values.pop(name.lower(), None)
    return Given(True, values)
