"""Tell which jobs an event can start, from their `if:`; three answers: yes, no, and only a run can tell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pypi_runbook.project.facts import Job, Workflow

TOKEN = re.compile(r"\s*(&&|\|\||==|!=|!|\(|\)|,|'(?:[^']|'')*'|[\w.*-]+)")
Value = str | bool | None


@dataclass(frozen=True)
class Event:
    """What starts a run: its name, and the values that conditions ask for, by their name in an expression."""

    name: str
    values: Mapping[str, Value]


def event(name: str, *, action: str | None = None, ref: str | None = None, inputs: Mapping[str, bool | str] | None = None) -> Event:
    """Return an event with the values that GitHub gives it; what is left out only a run can tell."""
    values: dict[str, Value] = {"github.event_name": name, "true": True, "false": False}
    if action:
        values["github.event.action"] = action
    if ref:
        values["github.ref"] = ref
        values["github.ref_type"] = "tag" if ref.startswith("refs/tags/") else "branch"
    for key, value in (inputs or {}).items():
        values[f"inputs.{key}"] = value
        values[f"github.event.inputs.{key}"] = str(value).lower() if isinstance(value, bool) else value
    return Event(name, values)


def runs(workflow: Workflow, job: Job, happening: Event) -> bool | None:
    """Say whether HAPPENING starts JOB when everything before it succeeds; None when only a run can tell."""
    by_id = {other.id: other for other in workflow.jobs}
    answers = [truth(Condition(job.condition or "", happening).value())] if job.condition else [True]
    answers += [runs(workflow, by_id[needed], happening) for needed in job.needs if needed in by_id]
    return False if False in answers else None if None in answers else True


def truth(value: Value) -> bool | None:
    """Return VALUE as a condition takes it."""
    return None if value is None else bool(value)


class Condition:
    """A reader of the part of GitHub's expressions that conditions use; what it does not know has no value."""

    def __init__(self, text: str, happening: Event) -> None:
        inner = re.sub(r"\$\{\{(.*?)\}\}", r"\1", text, flags=re.DOTALL)
        self.tokens = TOKEN.findall(inner)
        self.readable = "".join(self.tokens) == re.sub(r"\s+(?=(?:[^']*'[^']*')*[^']*$)", "", inner)
        self.event = happening

    def value(self) -> Value:
        """Return what the condition comes to."""
        return self._or() if self.readable else None

    def _take(self, *wanted: str) -> str | None:
        return self.tokens.pop(0) if self.tokens and self.tokens[0] in wanted else None

    def _or(self) -> Value:
        value: Value = self._and()
        while self._take("||"):
            value = _either(truth(value), truth(self._and()))
        return value

    def _and(self) -> Value:
        value: Value = self._equality()
        while self._take("&&"):
            value = _both(truth(value), truth(self._equality()))
        return value

    def _equality(self) -> Value:
        left: Value = self._unary()
        while operator := self._take("==", "!="):
            right = self._unary()
            left = _equal(left, right, operator == "==")
        return left

    def _unary(self) -> Value:
        if self._take("!"):
            inner = truth(self._unary())
            return None if inner is None else not inner
        if self._take("("):
            grouped = self._or()
            self._take(")")
            return grouped
        return self._term()

    def _term(self) -> Value:
        name = self.tokens.pop(0) if self.tokens else ""
        if self._take("("):
            return self._call(name)
        if name.startswith("'"):
            return name[1:-1].replace("''", "'")
        # An input that this event does not have is empty, as in a run.
        empty = "" if "inputs." in name and self.event.name != "workflow_dispatch" else None
        return self.event.values.get(name, empty)

    def _call(self, name: str) -> Value:
        arguments: list[Value] = []
        while self.tokens and not self._take(")"):
            arguments.append(self._or())
            self._take(",")
        if name in ("success", "always", "failure", "cancelled"):
            return name in ("success", "always")
        if name in ("startsWith", "contains", "endsWith") and len(arguments) == 2 and None not in arguments:
            text, part = (str(argument).lower() for argument in arguments)
            return {"startsWith": text.startswith(part), "endsWith": text.endswith(part), "contains": part in text}[name]
        return None


def _equal(left: Value, right: Value, wanted: bool) -> bool | None:
    """Compare as GitHub does, without regard to case."""
    return None if left is None or right is None else (str(left).lower() == str(right).lower()) == wanted


def _both(left: bool | None, right: bool | None) -> bool | None:
    return False if False in (left, right) else None if None in (left, right) else True


def _either(left: bool | None, right: bool | None) -> bool | None:
    return True if True in (left, right) else None if None in (left, right) else False
