"""The values that a text of a workflow file can take, as far as the file itself says: through env, the matrix, inputs and the event."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.scalarbool import ScalarBoolean

from pypi_runbook.project.expressions.errors import ExpressionError
from pypi_runbook.project.expressions.evaluator import Evaluator
from pypi_runbook.project.expressions.matrix import legs
from pypi_runbook.project.expressions.possible import FALSY, Outcome, outcomes
from pypi_runbook.project.expressions.templates import condition, names, pieces
from pypi_runbook.project.expressions.values import UNKNOWN, Open, Value, as_text
from pypi_runbook.project.yaml import plain

DEEPEST = 5
MOST_WORLDS = 1024
DISPATCH = "workflow_dispatch"
# The contexts whose values nothing in the file says.
CONTEXTS = ("github", "env", "vars", "job", "jobs", "steps", "runner", "secrets", "strategy", "matrix", "needs", "inputs")
RUN_ONLY = dict.fromkeys(("success", "failure", "always", "cancelled", "hashFiles"), lambda *_: UNKNOWN)


@dataclass(frozen=True)
class Scope:
    """What names mean inside one job.

    env: the workflow's and the job's, as written. matrix: the legs, UNKNOWN when they are an expression. inputs: those of a dispatch,
    each with the values that it can take. events: what starts the workflow. condition: the job's `if:`. fixed: contexts of one run, where
    it is one run that is asked about.
    """

    env: dict[str, str]
    matrix: list[Value] = field(default_factory=lambda: [UNKNOWN])
    inputs: dict[str, list[Value]] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    condition: str = ""
    fixed: dict[str, Value] = field(default_factory=dict)

    @classmethod
    def of(cls, workflow: CommentedMap, job: CommentedMap) -> Scope:
        """Return the scope of JOB of WORKFLOW, both as their file has them."""
        env = {
            str(key): plain(value)
            for table in (workflow.get("env"), job.get("env"))
            if isinstance(table, CommentedMap)
            for key, value in table.items()
        }
        on: Any = workflow.get("on")
        events = [str(event) for event in on] if isinstance(on, list | dict) else [plain(on)]
        return cls(env, matrix(job), inputs(workflow), events, plain(job.get("if")))

    def with_env(self, env: dict[str, str]) -> Scope:
        """Return the scope of a step that sets ENV beside what the job has."""
        return replace(self, env=self.env | env)

    def values(self, text: str) -> list[str] | None:
        """Return every value that TEXT can take when its job runs, or None when the file does not say."""
        if "${{" not in text:
            return [text]
        try:
            return self._values(text)
        except ExpressionError:
            return None

    def _values(self, text: str) -> list[str] | None:
        used = [*self._names(text), *(name.lower() for name in names(self.condition))]
        worlds = list(itertools.islice(self._worlds(used), MOST_WORLDS + 1))
        possible = [world for world in worlds if condition(self.condition, world, RUN_ONLY) is not False]
        found: list[str] = []
        for world in possible or worlds:
            texts = _texts(text, world)
            if texts is None or len(worlds) > MOST_WORLDS:
                return None
            found += texts
        return list(dict.fromkeys(found))

    def _names(self, text: str, depth: int = 0) -> Iterator[str]:
        """Yield the names that TEXT uses in lower case, those inside the env values that it uses too."""
        for name in names(text) if "${{" in text else ():
            yield name.lower()
            if name.lower().startswith("env.") and depth < DEEPEST:
                yield from self._names(self.env.get(name[4:], ""), depth + 1)

    def _worlds(self, used: list[str]) -> Iterator[dict[str, Value]]:
        """Yield the contexts of each way in which the job can run, as far as the names in USED can tell two of them apart."""
        by_event = not self.fixed and any(name.startswith(("inputs", "github")) for name in used)
        by_matrix = any(name.startswith("matrix") for name in used)
        for event in (self.events if by_event else ["?"]) or ["?"]:
            for given in self._inputs(event, used):
                for leg in self.matrix if by_matrix else [UNKNOWN]:
                    yield from self._with_env(_world(event, given, leg) | self.fixed, used)

    def _inputs(self, event: str, used: list[str]) -> Iterator[Value]:
        """Yield the inputs of each run that EVENT can start; only a dispatch and a call have any."""
        if event not in (DISPATCH, "workflow_call", "?"):
            yield {}
        elif event != DISPATCH:
            yield UNKNOWN
        else:
            asked = {key: values for key, values in self.inputs.items() if any(name.endswith(f"inputs.{key.lower()}") for name in used)}
            for choice in itertools.product(*asked.values()):
                yield Open(zip(asked, choice, strict=True))

    def _with_env(self, world: dict[str, Value], used: list[str]) -> Iterator[dict[str, Value]]:
        """Yield WORLD with each combination of the values that the env names in USED can take there."""
        worlds = [world | {"env": Open()}]
        # What a value uses stands behind it in USED, so it is known by the time that the value is worked out.
        for name in dict.fromkeys(name[4:] for name in reversed(used) if name.startswith("env.")):
            for key in (key for key in self.env if key.lower() == name):
                worlds = [each | {"env": _open(each["env"], key, text)} for each in worlds for text in _choices(self.env[key], each)][:MOST_WORLDS]
        yield from worlds


def _open(env: Value, key: str, text: Value) -> Open:
    return Open((env if isinstance(env, dict) else {}) | {key: text})


def _choices(text: str, world: Mapping[str, Value]) -> list[Value]:
    """Return the texts that TEXT can become, one UNKNOWN where nobody can list them."""
    if "${{" not in text:
        return [text]
    try:
        found = _texts(text, world)
    except ExpressionError:
        return [UNKNOWN]
    return [UNKNOWN] if found is None else [*dict.fromkeys(found)]


def _world(event: str, given: Value, leg: Value) -> dict[str, Value]:
    """Return the contexts of a run by EVENT with the inputs GIVEN, for one leg of the matrix."""
    texts: Value = Open({key: as_text(value) for key, value in given.items()}) if isinstance(given, Open) else given
    payload = Open({"inputs": None if given == {} else texts})
    named: dict[str, Value] = {} if event == "?" else {"event_name": event}
    world: dict[str, Value] = dict.fromkeys(CONTEXTS, UNKNOWN)
    return world | {"matrix": leg, "inputs": given, "github": Open({"event": payload} | named)}


def _texts(text: str, world: Mapping[str, Value]) -> list[str] | None:
    """Return the texts that TEXT can become in WORLD, None when nobody can list them."""
    evaluator = Evaluator(world, RUN_ONLY)
    trees = (piece if isinstance(piece, str) else piece.tree(world.keys(), RUN_ONLY.keys()) for piece in pieces(text))
    choices: list[list[Outcome]] = [[tree] if isinstance(tree, str) else outcomes(tree, evaluator) for tree in trees]
    found = []
    for choice in itertools.islice(itertools.product(*choices), MOST_WORLDS):
        if UNKNOWN in choice or FALSY in choice:
            return None
        found.append("".join(as_text(value) for value in choice if value is not FALSY))
    return found


def scalar(value: Any) -> Value:
    """Return a YAML scalar as GitHub takes it; a mapping and a list as they stand."""
    if isinstance(value, ScalarBoolean):
        return bool(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict):
        return {str(key): scalar(item) for key, item in value.items()}
    return [scalar(item) for item in value] if isinstance(value, list) else plain(value)


def matrix(job: CommentedMap) -> list[Value]:
    """Return the `matrix` of each leg of JOB; an expression as matrix, or as one of its values, says nothing."""
    strategy = job.get("strategy")
    table = strategy.get("matrix") if isinstance(strategy, CommentedMap) else None
    if not isinstance(table, CommentedMap):
        return [UNKNOWN]
    found: list[Value] = [Open(leg) if _partly(table) else leg for leg in legs({str(key): scalar(value) for key, value in table.items()})]
    return found or [UNKNOWN]


def _partly(table: CommentedMap) -> bool:
    """Tell whether an axis of TABLE is an expression, so that its legs say only part of it."""
    return any(not isinstance(value, list) for value in table.values())


def inputs(workflow: CommentedMap) -> dict[str, list[Value]]:
    """Return the inputs of a manual dispatch whose values are a closed list: a choice and a boolean."""
    on: Any = workflow.get("on")
    dispatch = on.get(DISPATCH) if isinstance(on, CommentedMap) else None
    table = dispatch.get("inputs") if isinstance(dispatch, CommentedMap) else None
    found: dict[str, list[Value]] = {}
    for name, body in table.items() if isinstance(table, CommentedMap) else ():
        if isinstance(body, CommentedMap) and isinstance(body.get("options"), list):
            found[str(name)] = [plain(option) for option in body["options"]]
        elif isinstance(body, CommentedMap) and body.get("type") == "boolean":
            found[str(name)] = [True, False]
    return found
