"""The few `${{ }}` expressions whose value stands in the workflow file itself: env, matrix, and an input's default."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import Any

from ruamel.yaml.comments import CommentedMap

from pypi_runbook.project.yaml import plain

EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
NAME = re.compile(r"(env|matrix|inputs|github\.event\.inputs)\.([\w-]+)")


def is_expression(text: str) -> bool:
    """Tell whether TEXT holds something for GitHub to work out."""
    return "${{" in text


@dataclass(frozen=True)
class Scope:
    """What names mean inside one job: each has the values that it can take there."""

    known: dict[str, list[str]]
    env: dict[str, str]

    @classmethod
    def of(cls, workflow: CommentedMap, job: CommentedMap) -> Scope:
        """Return the scope of JOB: the workflow's and the job's env, the matrix, and inputs that have a closed list of values."""
        env = {
            str(key): plain(value)
            for table in (workflow.get("env"), job.get("env"))
            if isinstance(table, CommentedMap)
            for key, value in table.items()
        }
        return cls(inputs(workflow) | matrix(job), env)

    def with_env(self, env: dict[str, str]) -> Scope:
        """Return the scope of a step that sets ENV beside what the job has."""
        return Scope(self.known, self.env | env)

    def values(self, text: str, depth: int = 0) -> list[str] | None:
        """Return every value that TEXT can take, or None when the file does not say."""
        names = EXPRESSION.findall(text)
        choices = [self.lookup(name, depth) for name in names]
        if any(choice is None for choice in choices):
            return None
        pieces = EXPRESSION.split(text)[::2]
        return ["".join(weave(pieces, combination)) for combination in itertools.product(*(choice or [] for choice in choices))]

    def lookup(self, name: str, depth: int) -> list[str] | None:
        """Return the values of one expression that is a plain name; env values may hold expressions themselves."""
        match = NAME.fullmatch(name)
        if not match or depth > 5:
            return None
        if match[1] == "env":
            return self.values(self.env[match[2]], depth + 1) if match[2] in self.env else None
        return self.known.get(f"{match[1].replace('github.event.', '')}.{match[2]}")


def weave(pieces: list[str], values: tuple[str, ...]) -> list[str]:
    """Return PIECES with one of VALUES after each but the last."""
    return [part for pair in itertools.zip_longest(pieces, values, fillvalue="") for part in pair]


def matrix(job: CommentedMap) -> dict[str, list[str]]:
    """Return each matrix name with its values, those of `include` too; an expression as matrix says nothing."""
    strategy = job.get("strategy")
    table = strategy.get("matrix") if isinstance(strategy, CommentedMap) else None
    if not isinstance(table, CommentedMap):
        return {}
    found = {
        f"matrix.{key}": [plain(item) for item in values]
        for key, values in table.items()
        if isinstance(values, list) and key not in ("include", "exclude")
    }
    include = table.get("include")
    for entry in include if isinstance(include, list) else []:
        for key, value in entry.items() if isinstance(entry, CommentedMap) else ():
            values = found.setdefault(f"matrix.{key}", [])
            if plain(value) not in values:
                values.append(plain(value))
    return found


def inputs(workflow: CommentedMap) -> dict[str, list[str]]:
    """Return the inputs of a manual dispatch whose values are a closed list."""
    on: Any = workflow.get("on")
    dispatch = on.get("workflow_dispatch") if isinstance(on, CommentedMap) else None
    table = dispatch.get("inputs") if isinstance(dispatch, CommentedMap) else None
    found = {}
    for name, body in table.items() if isinstance(table, CommentedMap) else ():
        if isinstance(body, CommentedMap) and isinstance(body.get("options"), list):
            found[f"inputs.{name}"] = [plain(option) for option in body["options"]]
    return found
