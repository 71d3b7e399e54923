"""What must not be shown: each secret in every form in which GitHub's runner looks for it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from urllib.parse import quote
from xml.sax.saxutils import escape

HIDDEN = "***"


class Masks:
    """The secrets of a job."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def add(self, secret: str) -> None:
        """Hide SECRET from now on, each of its lines, and the forms that encoders give them; blank text is no secret."""
        for part in (secret, *(line.strip() for line in re.split(r"[\r\n]+", secret))):
            if part.strip():
                self._secrets.update(_forms(part))

    def hide(self, text: str) -> str:
        """Return TEXT with *** instead of every secret; secrets that overlap or touch become one."""
        found = [place for secret in self._secrets if secret in text for place in _places(text, secret)]
        if not found:
            return text
        pieces: list[str] = []
        end = 0
        for start, stop in sorted(found):
            if start > end or not pieces:
                pieces += [text[end:start], HIDDEN]
            end = max(end, stop)
        return "".join([*pieces, text[end:]])

    def holds(self, text: str) -> bool:
        """Tell whether TEXT has a secret in it."""
        return any(secret in text for secret in self._secrets)


def _places(text: str, secret: str) -> Iterator[tuple[int, int]]:
    start = text.find(secret)
    while start >= 0:
        yield start, start + len(secret)
        start = text.find(secret, start + 1)


def _forms(secret: str) -> Iterator[str]:
    """Yield SECRET and what the runner's encoders make of it (actions/runner, ValueEncoders)."""
    yield secret
    raw = secret.encode()
    yield base64.b64encode(raw).decode()
    # Base64 of a text in which it stands after other bytes: only whole groups of it are the same every time.
    for shift in range(3):
        if len(kept := raw[shift : len(raw) - (len(raw) - shift) % 3]) >= 6:
            yield base64.b64encode(kept).decode()
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield quote(secret, safe="")
    yield escape(secret, {'"': "&quot;", "'": "&apos;"})
    yield secret.replace("'", "''")
    yield secret.replace('"', '\\"')
    if len(secret) > 8 and secret.startswith('"') and secret.endswith('"'):
        yield secret[1:-1]
