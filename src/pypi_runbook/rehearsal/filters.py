"""Whether an event starts a workflow, by the filters of `on:`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pypi_runbook.project.refs import matches
from pypi_runbook.project.yaml import plain


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
