"""API tokens in PyPI's form: a version 2 macaroon behind the prefix `pypi-`.

The location in a token says which index made it, so a client can tell a TestPyPI token from a PyPI one before it sends it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

PREFIX = "pypi-"
# How Warehouse numbers what limits a token: warehouse/macaroons/caveats/__init__.py.
EXPIRATION, PROJECT_NAME, PROJECT_ID, REQUEST_USER, OIDC_PUBLISHER = range(5)
VERSION, END, LOCATION, IDENTIFIER, SIGNATURE = 2, 0, 1, 2, 6


@dataclass(frozen=True)
class Token:
    """A macaroon: who made it, which record it stands for, what limits it, and the proof that nobody changed it."""

    location: str
    identifier: str
    caveats: tuple[bytes, ...]
    signature: bytes

    def text(self) -> str:
        """Return the token as people copy it."""
        parts = [bytes([VERSION]), _field(LOCATION, self.location.encode()), _field(IDENTIFIER, self.identifier.encode()), bytes([END])]
        parts += [_field(IDENTIFIER, caveat) + bytes([END]) for caveat in self.caveats]
        parts += [bytes([END]), _field(SIGNATURE, self.signature)]
        return PREFIX + base64.urlsafe_b64encode(b"".join(parts)).decode().rstrip("=")

    def limited(self, caveat: list[Any]) -> Token:
        """Return the token with one more caveat, which whoever holds a token can add without its key."""
        encoded = _encode(caveat)
        signature = hmac.new(self.signature, encoded, hashlib.sha256).digest()
        return Token(self.location, self.identifier, (*self.caveats, encoded), signature)

    def is_signed_by(self, key: bytes) -> bool:
        """Tell whether KEY made this token with exactly these caveats."""
        return hmac.compare_digest(self.signature, _sign(key, self.identifier, self.caveats))


def make_token(location: str, identifier: str, key: bytes, caveats: list[Any]) -> Token:
    """Make a token that KEY signs; a caveat is a JSON list as PyPI writes it, for example `[3, "user id"]`."""
    encoded = tuple(_encode(caveat) for caveat in caveats)
    return Token(location, identifier, encoded, _sign(key, identifier, encoded))


def read_token(text: str) -> Token | None:
    """Return the token that TEXT holds, or None when it is not one."""
    text = text.strip()
    if not text.startswith(PREFIX):
        return None
    body = text.removeprefix(PREFIX)
    try:
        return _parse(base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, IndexError, StopIteration):
        return None


def _parse(data: bytes) -> Token:
    if data[0] != VERSION:
        raise ValueError("not a version 2 macaroon")
    packets = _packets(data[1:])
    header = dict(_section(packets))
    caveats = []
    while section := list(_section(packets)):
        caveats.append(dict(section)[IDENTIFIER])
    kind, signature = next(packets)
    if kind != SIGNATURE or IDENTIFIER not in header:
        raise ValueError("no signature or no identifier")
    return Token(header.get(LOCATION, b"").decode(), header[IDENTIFIER].decode(), tuple(caveats), signature)


def _section(packets: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Yield the packets up to the next end mark."""
    for kind, value in packets:
        if kind == END:
            return
        yield kind, value
    raise ValueError("cut short")


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position < len(data):
        kind, position = data[position], position + 1
        if kind == END:
            yield END, b""
            continue
        length, position = _varint(data, position)
        if position + length > len(data):
            raise ValueError("cut short")
        yield kind, data[position : position + length]
        position += length


def _field(kind: int, value: bytes) -> bytes:
    length, size = b"", len(value)
    while size > 0x7F:
        length, size = length + bytes([size & 0x7F | 0x80]), size >> 7
    return bytes([kind]) + length + bytes([size]) + value


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while data[position] & 0x80:
        value, shift, position = value | (data[position] & 0x7F) << shift, shift + 7, position + 1
    return value | data[position] << shift, position + 1


def _encode(caveat: Any) -> bytes:
    return json.dumps(caveat, sort_keys=True, separators=(",", ":")).encode()


def _sign(key: bytes, identifier: str, caveats: tuple[bytes, ...]) -> bytes:
    derived = hmac.new(b"macaroons-key-generator", key, hashlib.sha256).digest()
    signature = hmac.new(derived, identifier.encode(), hashlib.sha256).digest()
    for caveat in caveats:
        signature = hmac.new(signature, caveat, hashlib.sha256).digest()
    return signature
