"""The body of a request for a token, and what PyPI's library says about one that is not right."""

from __future__ import annotations

import json

from pypi_runbook.rules import refuse

# The version of pydantic that PyPI runs stands in the addresses of its messages.
VERSION = "2.13"
SHOWN = 50
# What PyPI's JSON reader calls what Python's calls otherwise.
JSON_WORDS = {
    "Expecting value": "expected value",
    "Expecting property name enclosed in double quotes": "key must be a string",
    "Expecting ':' delimiter": "expected `:`",
    "Expecting ',' delimiter": "expected `,` or `}`",
    "Extra data": "trailing characters",
    "Illegal trailing comma before end of object": "trailing comma",
}


def read_payload(body: bytes, model: str) -> str:
    """Return the string `token` of the JSON object BODY, or raise PyPI's refusal; MODEL is what PyPI calls the object."""
    try:
        content = json.loads(body.decode())
    except ValueError as error:
        raise _refusal(model, "", f"Invalid JSON: {_problem(body, error)}", "json_invalid", body) from error
    except RecursionError as error:
        raise _refusal(model, "", "Invalid JSON: recursion limit exceeded at line 1 column 201", "json_invalid", body) from error
    if not isinstance(content, dict):
        raise _refusal(model, "", "Input should be an object", "model_type", content)
    if "token" not in content:
        raise _refusal(model, "token", "Field required", "missing", content)
    if not isinstance(content["token"], str):
        raise _refusal(model, "token", "Input should be a valid string", "string_type", content["token"])
    return content["token"]


def _problem(body: bytes, error: ValueError) -> str:
    """Return what is wrong with BODY and where, as PyPI's reader says it."""
    if not isinstance(error, json.JSONDecodeError):
        return "invalid unicode code point at line 1 column 1"
    if not body.decode()[error.pos :].strip() or error.msg.startswith("Unterminated string"):
        kind = "a string" if error.msg.startswith("Unterminated") else _open(body.decode()) or "a value"
        return f"EOF while parsing {kind} at line {body.decode().count(chr(10)) + 1} column {len(body.decode().rpartition(chr(10))[2])}"
    return f"{JSON_WORDS.get(error.msg, 'expected value')} at line {error.lineno} column {error.colno}"


def _open(text: str) -> str:
    """Return what TEXT leaves open: an object, a list, or nothing."""
    start = text.lstrip()[:1]
    return {"{": "an object", "[": "a list"}.get(start, "")


def _refusal(model: str, field: str, words: str, kind: str, value: object) -> Exception:
    shown = repr(value)
    shown = shown if len(shown) <= SHOWN else f"{shown[:25]}...{shown[-24:]}"
    lines = [f"1 validation error for {model}", *([field] if field else [])]
    lines.append(f"  {words} [type={kind}, input_value={shown}, input_type={type(value).__name__}]")
    lines.append(f"    For further information visit https://errors.pydantic.dev/{VERSION}/v/{kind}")
    return refuse("mint-payload", error="\n".join(lines))
