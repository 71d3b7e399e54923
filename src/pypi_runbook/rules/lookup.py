"""A rule by its id, and the file that breaks it, for people who ask."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.rules.catalogue import RULES, TOKEN_RULES, Rule
from pypi_runbook.rules.faulty import FAULTY, write_faulty

PAGE = "reference/rules.md"


def all_rules() -> dict[str, Rule]:
    """Return every rule by its id: those of uploads in PyPI's order of checks, then those of tokens in theirs."""
    return RULES | TOKEN_RULES


def find_rule(id_: str) -> Rule:
    """Return the rule called ID_; a RunbookError names the nearest ones when there is none."""
    rules = all_rules()
    if id_ not in rules:
        near = difflib.get_close_matches(id_, rules, n=3, cutoff=0.5)
        advice = f"did you mean {' or '.join(near)}?" if near else "run `pypi-runbook rules` for all of them"
        raise RunbookError("no-such-rule", f"there is no rule called {id_!r}", next=advice, page=PAGE)
    return rules[id_]


def write_sample(rule: Rule, folder: Path) -> Path:
    """Write the distribution that has RULE's fault and no other into FOLDER, made when it is not there, and return it."""
    if rule.id not in FAULTY:
        message = f"no file alone can break the rule {rule.id}: {rule.when}"
        raise RunbookError("no-sample", message, next="run `pypi-runbook rules` and choose one with a sample", page=PAGE)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return write_faulty(rule.id, folder)
    except OSError as error:
        message = f"the sample cannot be written: {error.strerror or error}"
        raise RunbookError("sample-not-written", message, str(folder), next="name a folder that you may write to", page=PAGE) from error


def facts_of(rule: Rule) -> dict[str, Any]:
    """Return RULE as `pypi-runbook rules --json` prints it."""
    found = {name: getattr(rule, name) for name in ("id", "number", "status", "code", "text", "when", "source", "strict")}
    missing = {name: getattr(rule, name) or None for name in ("since", "entry", "unreachable")}
    return {**found, **missing, "sample": rule.id in FAULTY}
