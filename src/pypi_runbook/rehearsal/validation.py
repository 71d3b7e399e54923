"""Whether GitHub would take a workflow file, and its words when it would not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from pypi_runbook.errors import RunbookError
from pypi_runbook.project.yaml import plain
from pypi_runbook.rehearsal.grammar import WORKFLOW, Anything, Either, Flag, Nothing, Number, Sequence, Shape, Table, Text
from pypi_runbook.rehearsal.inline import problem
from pypi_runbook.rehearsal.order import in_order
from pypi_runbook.rehearsal.running import wrong

DEEPEST, MOST = 50, 100_000
ID = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,98}")
ADVICE = "correct the line, then rehearse again"


@dataclass
class Problems:
    """What GitHub has against a file; each is line, column and message."""

    found: list[tuple[int, int, str]] = field(default_factory=list)

    def add(self, place: tuple[int, int], message: str) -> None:
        """Note MESSAGE at PLACE, which counts from 0 as the YAML reader does."""
        self.found.append((place[0] + 1, place[1] + 1, message))


def validate(data: Any, file: str) -> None:
    """Raise the first of GitHub's complaints about DATA, the value of the workflow FILE; return when it has none."""
    problems = Problems()
    if isinstance(data, CommentedMap):
        _Walk(problems).value(data, WORKFLOW, (0, 0), ())
        if not problems.found:
            check_jobs(data, problems)
            check_filters(data["on"], problems)
    else:
        problems.add((0, 0), _unexpected(data))
    if problems.found:
        raise not_valid(file, *min(problems.found))


def not_valid(file: str, line: int, column: int, message: str) -> RunbookError:
    """Return GitHub's error for FILE; line and column count from 1."""
    return wrong(f"The workflow is not valid. {file} (Line: {line}, Col: {column}): {message}", file, line, next=ADVICE)


class _Walk:
    """Compares values with shapes; every value counts, since aliases can make few lines endless."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.count = self.depth = 0

    def value(self, value: Any, shape: Shape, place: tuple[int, int], contexts: tuple[str, ...]) -> None:
        """Compare VALUE, at PLACE, with SHAPE; an expression in it may use CONTEXTS and the shape's own."""
        self.count += 1
        self.depth += 1
        if self.depth > DEEPEST or self.count > MOST:
            message = "Maximum object depth exceeded" if self.depth > DEEPEST else "Maximum events exceeded while evaluating the template. "
            self.problems.add(place, message if self.depth > DEEPEST else f"{message}This may indicate an infinite loop or too many nested loops.")
        else:
            self.compare(value, list(_choices(shape, contexts)), place)
        self.depth -= 1

    def compare(self, value: Any, choices: list[tuple[Shape, tuple[str, ...]]], place: tuple[int, int]) -> None:
        """Compare VALUE with each of CHOICES, shapes with their contexts."""
        if isinstance(value, CommentedMap):
            self.mapping(value, [(shape, contexts) for shape, contexts in choices if isinstance(shape, Table | Anything)], place)
        elif isinstance(value, CommentedSeq):
            self.sequence(value, [(shape, contexts) for shape, contexts in choices if isinstance(shape, Sequence | Anything)], place)
        elif isinstance(value, dict | list | set | tuple | bytes):
            self.problems.add(place, _unexpected(value))
        else:
            self.scalar(value, choices, place)

    def scalar(self, value: Any, choices: list[tuple[Shape, tuple[str, ...]]], place: tuple[int, int]) -> None:
        contexts = choices[0][1] if choices else ()
        condition = any(isinstance(shape, Text) and shape.condition for shape, _ in choices)
        if isinstance(value, str) and ("${{" in value or condition) and not any(isinstance(shape, Anything) for shape, _ in choices):
            message = problem(value, contexts, condition=condition)
            if message:
                self.problems.add(place, message)
            elif "${{" in value:
                return
        if not any(_fits(value, shape) for shape, _ in choices):
            self.problems.add(place, f"Unexpected value '{plain(value)}'")

    def sequence(self, value: CommentedSeq, choices: list[tuple[Shape, tuple[str, ...]]], place: tuple[int, int]) -> None:
        if not choices:
            self.problems.add(place, "A sequence was not expected")
            return
        shape, contexts = choices[0]
        for number, item in enumerate(value):
            self.value(item, shape.item if isinstance(shape, Sequence) else shape, _item_place(value, number), contexts)

    def mapping(self, value: CommentedMap, choices: list[tuple[Shape, tuple[str, ...]]], place: tuple[int, int]) -> None:
        if not choices:
            self.problems.add(place, "A mapping was not expected")
            return
        if getattr(value, "merge", None):
            # GitHub knows anchors and aliases, and no merge keys.
            self.problems.add(place, "Unexpected value '<<'")
        tables = [(shape, contexts) for shape, contexts in choices if isinstance(shape, Table)]
        if not tables:
            for key, each in value.items():
                self.value(each, choices[0][0], _value_place(value, key), choices[0][1])
            return
        self.fields(value, tables, place)

    def fields(self, value: CommentedMap, tables: list[tuple[Table, tuple[str, ...]]], place: tuple[int, int]) -> None:
        """Compare the keys of VALUE with TABLES, of which each key leaves those that know it."""
        for key, each in value.items():
            name = key if isinstance(key, str) else plain(key) if not isinstance(key, tuple) else str(key)
            knowing = [(table, contexts) for table, contexts in tables if name in table.fields]
            if knowing:
                tables = knowing
                self.value(each, knowing[0][0].fields[name], _value_place(value, key), knowing[0][1])
            elif tables[0][0].others is not None:
                self.value(each, tables[0][0].others, _value_place(value, key), tables[0][1])
            else:
                self.problems.add(_key_place(value, key), f"Unexpected value '{name}'")
        if len(tables) > 1:
            names = [name for table, _ in tables for name in table.fields]
            only = sorted(name for name in names if names.count(name) == 1)
            self.problems.add(place, f"There's not enough info to determine what you meant. Add one of these properties: {', '.join(only)}")
        else:
            for name in tables[0][0].required:
                if name not in value:
                    self.problems.add(place, f"Required property is missing: {name}")


def check_filters(on: Any, problems: Problems) -> None:
    """Add to PROBLEMS the filters of `on:` of which an event may have one only."""
    events = [filters for filters in on.values() if isinstance(filters, CommentedMap)] if isinstance(on, CommentedMap) else []
    for filters in events:
        for name in ("branches", "tags", "paths"):
            if name in filters and f"{name}-ignore" in filters:
                message = f"you may only define one of `{name}` and `{name}-ignore` for a single event"
                problems.add(_key_place(filters, f"{name}-ignore"), message)


def check_jobs(data: CommentedMap, problems: Problems) -> None:
    """Add to PROBLEMS what is wrong with the ids of the jobs in DATA and of their steps, and with what jobs need."""
    jobs, taken = data["jobs"], set[str]()
    if not jobs:
        problems.add(_key_place(data, "jobs"), "The workflow must contain at least one job with no dependencies.")
    for id_, body in jobs.items():
        check_id(str(id_), taken, problems, _key_place(jobs, id_))
        steps: set[str] = set()
        for step in body.get("steps") or ():
            if step.get("id") is not None:
                check_id(plain(step["id"]), steps, problems, _value_place(step, "id"))
        if not body.get("steps") and "uses" not in body:
            message = f"No steps defined in `steps` and no workflow called in `uses` for the following jobs: {id_}"
            problems.add(_key_place(jobs, id_), message)
    check_needs(jobs, problems)


def check_id(id_: str, taken: set[str], problems: Problems, place: tuple[int, int]) -> None:
    """Add what is wrong with the id of a job or a step; TAKEN holds those before it, in lower case."""
    if not ID.fullmatch(id_):
        rule = "IDs may only contain alphanumeric characters, '_', and '-'. IDs must start with a letter or '_' and must be less than 100 characters."
        problems.add(place, f"The identifier '{id_}' is invalid. {rule}")
    elif id_.startswith("__"):
        problems.add(place, f"The identifier '{id_}' is invalid. IDs starting with '__' are reserved.")
    elif id_.lower() in taken:
        problems.add(place, f"The identifier '{id_}' may not be used more than once within the same scope.")
    taken.add(id_.lower())


def check_needs(jobs: CommentedMap, problems: Problems) -> None:
    """Add the needs that no job is, and those that go round in a circle."""
    left = {str(id_): {need.lower() for need, _ in needs_of(body)} for id_, body in jobs.items()}
    ids = {id_.lower() for id_ in left}
    if left and all(left.values()):
        problems.add(_key_place(jobs, next(iter(jobs))), "The workflow must contain at least one job with no dependencies.")
    done = set(in_order({id_.lower(): needs for id_, needs in left.items()}))
    for id_, needs in ((id_, needs - done) for id_, needs in left.items() if id_.lower() not in done):
        for need, place in needs_of(jobs[id_]):
            if need.lower() in needs:
                circle = f"depends on job '{need}' which creates a cycle in the dependency graph."
                problems.add(place, f"Job '{id_}' " + (circle if need.lower() in ids else f"depends on unknown job '{need}'."))


def needs_of(body: CommentedMap) -> list[tuple[str, tuple[int, int]]]:
    """Return what a job needs, each with its place."""
    needs = body.get("needs")
    if isinstance(needs, CommentedSeq):
        return [(plain(need), _item_place(needs, number)) for number, need in enumerate(needs)]
    return [] if needs is None else [(plain(needs), _value_place(body, "needs"))]


def _choices(shape: Shape, contexts: tuple[str, ...]) -> Iterator[tuple[Shape, tuple[str, ...]]]:
    """Yield the shapes that SHAPE allows, each with the contexts for it."""
    own = (*contexts, *(name for name in shape.contexts if name not in contexts))
    if isinstance(shape, Either):
        for choice in shape.choices:
            yield from _choices(choice, own)
    else:
        yield shape, own


def _fits(value: Any, shape: Shape) -> bool:
    """Tell whether a scalar is what SHAPE allows; GitHub takes any scalar for a string."""
    if isinstance(shape, Text):
        text = plain(value)
        return text in shape.values if shape.values else bool(text) or shape.empty
    if isinstance(shape, Flag):
        return isinstance(value, bool)
    if isinstance(shape, Number):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(shape, Anything) or (isinstance(shape, Nothing) and value is None)


def _unexpected(value: Any) -> str:
    if isinstance(value, dict):
        return "A mapping was not expected"
    return "A sequence was not expected" if isinstance(value, list | set | tuple) else f"Unexpected value '{plain(value)}'"


def _key_place(table: CommentedMap, key: Any) -> tuple[int, int]:
    return _place(table, key, 0)


def _value_place(table: CommentedMap, key: Any) -> tuple[int, int]:
    return _place(table, key, 2)


def _place(table: CommentedMap, key: Any, at: int) -> tuple[int, int]:
    """Return the place of KEY (at 0) or of its value (at 2); the table's own when an alias or a merge hides it."""
    try:
        found = table.lc.data[key]
        return int(found[at]), int(found[at + 1])
    except (KeyError, TypeError, IndexError):
        return int(table.lc.line or 0), int(table.lc.col or 0)


def _item_place(sequence: CommentedSeq, number: int) -> tuple[int, int]:
    try:
        line, column = sequence.lc.data[number][:2]
        return int(line), int(column)
    except (KeyError, TypeError, IndexError, ValueError):
        return int(sequence.lc.line or 0), int(sequence.lc.col or 0)
