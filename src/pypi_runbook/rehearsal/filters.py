"""Whether an event starts a workflow: GitHub's patterns for branches, tags and paths, and the filters of `on:`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pypi_runbook.project.yaml import plain

# What each sign means alone; the next one is the rest of a class in brackets.
SIGNS = {"?": "?", "+": "+", "*": "[^/]*"}


def pattern(text: str) -> re.Pattern[str]:
    """Return what GitHub's filter pattern TEXT matches as a whole; one that is no pattern matches only itself."""
    found, at = "", 0
    while at < len(text):
        sign = text[at]
        if text.startswith("**/", at):
            found, at = f"{found}(?:.*/)?", at + 3
        elif text.startswith("**", at):
            found, at = f"{found}.*", at + 2
        elif sign == "[" and "]" in text[at + 2 :]:
            end = text.index("]", at + 2)
            inner = text[at + 1 : end].replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^")
            found, at = f"{found}[{inner}]", end + 1
        elif sign == "\\" and at + 1 < len(text):
            found, at = found + re.escape(text[at + 1]), at + 2
        elif sign in SIGNS and (sign == "*" or (found and found[-1] not in "?+*")):
            found, at = found + SIGNS[sign], at + 1
        else:
            found, at = found + re.escape(sign), at + 1
    try:
        return re.compile(found, re.DOTALL)
    except re.error:
        return re.compile(re.escape(text))


def matches(patterns: Sequence[str], name: str) -> bool:
    """Tell whether NAME is among PATTERNS, of which a later one wins over an earlier, and `!` takes out."""
    chosen = False
    for text in patterns:
        if pattern(text.removeprefix("!")).fullmatch(name):
            chosen = not text.startswith("!")
    return chosen


def reason_against(filters: dict[str, Any], event: str, *, action: str, ref: str, changed: Sequence[str]) -> str:
    """Return why EVENT does not start a workflow with these FILTERS of `on:`, nothing when it does.

    action: the event's activity, for example `published`; ref: in full; changed: the paths that a push to a branch changed.
    """
    types = _texts(filters.get("types"))
    if types and action and action not in types:
        return f"the activity is {action}, and `types` names {', '.join(types)}"
    if event != "push":
        return ""
    kind, other = ("tags", "branches") if ref.startswith("refs/tags/") else ("branches", "tags")
    against = _against_ref(filters, kind, other, ref.split("/", 2)[-1])
    return against or (_against_paths(filters, changed) if kind == "branches" else "")


def _against_ref(filters: dict[str, Any], kind: str, other: str, name: str) -> str:
    wanted, unwanted = _texts(filters.get(kind)), _texts(filters.get(f"{kind}-ignore"))
    single = kind.removesuffix("es") if kind == "branches" else "tag"
    if wanted and not matches(wanted, name):
        return f"no pattern of `{kind}` matches the {single} {name}: {', '.join(wanted)}"
    if unwanted and matches(unwanted, name):
        return f"`{kind}-ignore` matches the {single} {name}"
    if not wanted and not unwanted and any(filters.get(key) for key in (other, f"{other}-ignore")):
        return f"only {other} start it, and {name} is a {single}"
    return ""


def _against_paths(filters: dict[str, Any], changed: Sequence[str]) -> str:
    wanted, unwanted = _texts(filters.get("paths")), _texts(filters.get("paths-ignore"))
    if wanted and not any(matches(wanted, path) for path in changed):
        return f"the commit changes nothing that `paths` names: {', '.join(wanted)}"
    if unwanted and changed and all(matches(unwanted, path) for path in changed):
        return "`paths-ignore` names everything that the commit changes"
    return ""


def _texts(value: Any) -> list[str]:
    return [] if value is None else [plain(each) for each in value] if isinstance(value, list) else [plain(value)]
