"""GitHub's issuer of identity tokens: its key, its documents, and the jobs that may ask."""

from __future__ import annotations

import asyncio
import base64
import secrets
import threading
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from pypi_runbook.twin.hosts import GITHUB_IDENTITY
from pypi_runbook.twin.trusted.matching import text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

ISSUER = f"https://{GITHUB_IDENTITY}"
JWKS_PATH = "/.well-known/jwks"
VALID, BACKDATED = 300, 600
KEY_BITS, EXPONENT = 2048, 65537


class Issuer:
    """Makes identity tokens for jobs that were begun; CLOCK gives seconds since the epoch."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._key: RSAPrivateKey | None = None
        self._jobs: dict[str, dict[str, str]] = {}
        self.key_id = uuid.uuid4().hex.upper()

    def begin(self, claims: dict[str, str]) -> str:
        """Let a job with CLAIMS ask for identity tokens; return the credential for that."""
        credential = secrets.token_urlsafe(48)
        self._jobs[credential] = claims
        return credential

    def job(self, credential: str) -> dict[str, str] | None:
        """Return the claims of the job that holds CREDENTIAL, or None."""
        return self._jobs.get(credential)

    def token(self, claims: dict[str, Any], audience: str, **changes: Any) -> str:
        """Return a signed token with CLAIMS for AUDIENCE; CHANGES replace claims, and one that is None is left out."""
        import jwt

        now = int(self._clock())
        times = {"nbf": now - BACKDATED, "exp": now + VALID, "iat": now}
        payload = {"jti": str(uuid.uuid4()), **claims, "aud": audience, "iss": ISSUER, **times, **changes}
        payload = {name: value for name, value in payload.items() if value is not None}
        return jwt.encode(payload, self._private_key(), algorithm="RS256", headers={"kid": self.key_id})

    def public_key(self) -> RSAPublicKey:
        """Return the key that verifies this issuer's tokens."""
        return self._private_key().public_key()

    def jwks(self) -> dict[str, Any]:
        """Return the public key as clients read it."""
        numbers = self.public_key().public_numbers()
        key = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": self.key_id, "n": _base64(numbers.n), "e": _base64(numbers.e)}
        return {"keys": [key]}

    def _private_key(self) -> RSAPrivateKey:
        """Return the key, made when it is first needed: a twin whose commands are no jobs starts without it."""
        from cryptography.hazmat.primitives.asymmetric import rsa

        with self._lock:
            self._key = self._key or rsa.generate_private_key(EXPONENT, KEY_BITS)
            return self._key


class IdentityPages:
    """What GitHub answers about identities: to a job on the local face, and to everybody at the issuer's own address."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer

    async def configuration(self, _: web.Request) -> web.StreamResponse:
        """Answer with the issuer's discovery document."""
        return web.json_response(
            {
                "issuer": ISSUER,
                "jwks_uri": f"{ISSUER}{JWKS_PATH}",
                "subject_types_supported": ["public", "pairwise"],
                "response_types_supported": ["id_token"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid"],
            }
        )

    async def keys(self, _: web.Request) -> web.StreamResponse:
        """Answer with the issuer's public keys."""
        return web.json_response(await asyncio.to_thread(self._issuer.jwks))

    async def identity(self, request: web.Request) -> web.StreamResponse:
        """Give the job that asks a token for the audience that it names; without one, the owner's page is the audience."""
        scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
        claims = self._issuer.job(credential.strip()) if scheme.lower() == "bearer" else None
        if claims is None or claims["run_id"] != request.match_info["run"]:
            return web.json_response({"message": "Unauthorized"}, status=401)
        audience = request.query.get("audience") or f"https://github.com/{text(claims, 'repository_owner')}"
        token = await asyncio.to_thread(self._issuer.token, claims, audience)
        return web.json_response({"count": len(token), "value": token}, headers={"Cache-Control": "no-store"})


def _base64(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).decode().rstrip("=")
