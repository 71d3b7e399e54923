"""The inputs of a run by hand: which choices of them make a difference, and how GitHub's form words them."""

from __future__ import annotations

import itertools
import re
from typing import Any

from pypi_runbook.project.expressions import Value
from pypi_runbook.project.facts import Trigger, Workflow
from pypi_runbook.project.routes.samples import texts

# More combinations than these are not told one by one: each input is then changed alone.
MOST = 16


def choices_of(workflow: Workflow, trigger: Trigger) -> list[dict[str, Value]]:
    """Return the values of the inputs in each run by hand that WORKFLOW can tell from the others; free texts are left out."""
    closed = {name: found for name, body in trigger.inputs.items() if (found := values_of(body)) and _matters(workflow, name)}
    combinations = [dict(zip(closed, each, strict=True)) for each in itertools.islice(itertools.product(*closed.values()), MOST + 1)]
    if len(combinations) <= MOST:
        return combinations
    first = {name: found[0] for name, found in closed.items()}
    return [first, *(first | {name: value} for name, found in closed.items() for value in found[1:])]


def values_of(body: dict[str, Any]) -> list[Value]:
    """Return every value of an input, the default first; nothing for one that takes any text."""
    if body.get("type") == "boolean":
        return [True, False] if body.get("default") is True else [False, True]
    options = [str(option) for option in body["options"]] if isinstance(body.get("options"), list) else []
    default = str(body.get("default") or "")
    return [*(each for each in options if each == default), *(each for each in options if each != default)]


def _matters(workflow: Workflow, name: str) -> bool:
    """Tell whether something that decides what runs asks for input NAME; a called workflow may be given it."""
    called = any(job.calls for job in workflow.jobs)
    return called or bool(re.search(rf"inputs(\.{re.escape(name)}\b|\[)", texts(workflow), re.IGNORECASE))


def given_words(trigger: Trigger, choice: dict[str, Value]) -> list[str]:
    """Return how a person fills in the form: `with *Label* ticked`, by the label that GitHub shows."""
    words = []
    for name, value in choice.items():
        label = trigger.inputs[name].get("description") or name
        state = ("ticked" if value else "clear") if isinstance(value, bool) else f"set to `{value}`"
        words.append(f"with *{label}* {state}")
    return words
