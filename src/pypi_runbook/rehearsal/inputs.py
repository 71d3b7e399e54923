"""The inputs of a run by hand and of a called workflow: what was given held against what is declared, with GitHub's words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pypi_runbook.errors import RunbookError
from pypi_runbook.project.expressions import Value, as_text

PAGE = "publishing/rehearsal.md"
EMPTY: dict[str, Value] = {"boolean": False, "number": 0}


def read_inputs(declared: Mapping[str, Any], given: Mapping[str, str], file: str, line: int) -> dict[str, Value]:
    """Return the inputs of `workflow_dispatch` with their types; RunbookError in GitHub's words for what it would not take.

    declared: `inputs` of the event; given: by a person, as text. file, line: where the event stands.
    """
    wanted = {str(name): dict(body) if isinstance(body, dict) else {} for name, body in declared.items()}
    if unexpected := [name for name in given if name not in wanted]:
        there = ", ".join(wanted) or "it has none"
        raise _refused(f"Unexpected inputs provided: {json.dumps(unexpected)}", file, line, f"inputs of this workflow: {there}")
    return {name: _dispatched(name, body, given.get(name), file, line) for name, body in wanted.items()}


def _dispatched(name: str, body: dict[str, Any], text: str | None, file: str, line: int) -> Value:
    """Return the value of one input: TEXT, or its default where that is None, as the form on the Actions page would send it."""
    kind, options = body.get("type") or "string", [as_text(option) for option in body.get("options") or ()]
    if text is None:
        default = body.get("default")
        if default is None and body.get("required") and kind not in ("boolean", "choice"):
            raise _refused(f"Required input '{name}' not provided", file, line, f"give it with --input {name}=VALUE")
        text = as_text(default) if default is not None else options[0] if kind == "choice" and options else as_text(EMPTY.get(kind, ""))
    if kind == "choice" and text not in options:
        message = f"Provided value '{text}' for input '{name}' not in the list of allowed values"
        raise _refused(message, file, line, f"choose from {', '.join(options)}")
    value = typed(kind, text)
    if value is None:
        raise _refused(f"Provided value '{text}' for input '{name}' is not a {kind}", file, line, f"give {name} as a {kind}")
    return value


def typed(kind: str, text: str) -> Value:
    """Return TEXT as a value of KIND; None when it is none."""
    if kind == "boolean":
        return {"true": True, "false": False}.get(text)
    if kind == "number":
        try:
            return float(text) if not text.strip().lstrip("+-").isdigit() else int(text)
        except ValueError:
            return None
    return text


def called_inputs(declared: Mapping[str, Any], given: Mapping[str, Value]) -> dict[str, Value]:
    """Return the inputs of a called workflow; ValueError with GitHub's words for what it would not take."""
    for name in given:
        if name not in declared:
            raise ValueError(f"Invalid input, {name} is not defined in the referenced workflow.")
    found: dict[str, Value] = {}
    for name, body in declared.items():
        kind = body.get("type", "string")
        if name in given:
            value = given[name]
            fits = kind == "string" or (kind == "boolean") == isinstance(value, bool)
            if not fits or (kind == "number" and not isinstance(value, int | float)):
                raise ValueError(f"Unexpected value '{as_text(value)}'")
            found[name] = as_text(value) if kind == "string" else value
        elif body.get("required"):
            raise ValueError(f"Input {name} is required, but not provided while calling.")
        else:
            found[name] = body["default"] if body.get("default") is not None else EMPTY.get(kind, "")
    return found


def _refused(message: str, file: str, line: int, next_: str) -> RunbookError:
    return RunbookError("bad-input", message, file, line, next_, PAGE)
