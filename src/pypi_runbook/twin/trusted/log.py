"""The claims of a job in what a person pastes: a log of the publishing action or of uv, a JSON object, or an identity token."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import Any

TELLING = ("repository", "repository_owner", "job_workflow_ref", "environment")
MISSING = "MISSING"
TOKEN = re.compile(r"\beyJ[\w-]*\.(eyJ[\w-]*)\.[\w-]*")
# GitHub's logs put the time before each line.
TIME = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+Z ?", re.MULTILINE)
# uv's dump stands on one line or on many.
UV = re.compile(r"GitHubTokenClaims\s*\{(.*?)\}\s*,?\s*\)", re.DOTALL)
UV_FIELD = re.compile(r'(\w+):\s*(?:(?:Some\(\s*)?"((?:[^"\\]|\\.)*)"|None)')
# Other tools print names and values without the action's marks.
BULLET = re.compile(r"^\s*[*-]\s*`?(\w+)`?:\s*`?([^`\n]*?)`?\s*$", re.MULTILINE)


def read_claims(text: str) -> dict[str, str]:
    """Return the claims that TEXT holds, those that it shows as missing with an empty value; nothing when it holds none."""
    text = TIME.sub("", text)
    for found in (*_tokens(text), *_objects(text), *_dumps(text), _bullets(text)):
        if any(name in found for name in TELLING):
            return found
    return {}


def _tokens(text: str) -> Iterator[dict[str, str]]:
    for match in TOKEN.finditer(text):
        body = match[1]
        try:
            yield _strings(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))
        except (binascii.Error, ValueError):
            continue


def _objects(text: str) -> Iterator[dict[str, str]]:
    """Yield the JSON objects in TEXT."""
    decoder, position = json.JSONDecoder(), text.find("{")
    while position >= 0:
        try:
            content, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            end = position + 1
        else:
            yield _strings(content)
        position = text.find("{", end)


def _dumps(text: str) -> Iterator[dict[str, str]]:
    for match in UV.finditer(text):
        yield {name: value.replace('\\"', '"') for name, value in UV_FIELD.findall(match[1])}


def _bullets(text: str) -> dict[str, str]:
    return {name: "" if value == MISSING else value for name, value in BULLET.findall(text)}


def _strings(content: Any) -> dict[str, str]:
    return {name: str(value) for name, value in content.items() if value is not None} if isinstance(content, dict) else {}
