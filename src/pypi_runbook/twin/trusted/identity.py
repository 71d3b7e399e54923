"""Whether an identity token is GitHub's, for this index, and of now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt

from pypi_runbook.rules import refuse
from pypi_runbook.twin.trusted.issuer import ISSUER, Issuer
from pypi_runbook.twin.trusted.matching import Claims

LEEWAY = 30
# Whom PyPI knows. The twin is only the first of them; a token of the others cannot be verified here, as a forged one cannot there.
ISSUERS = {
    ISSUER: "github",
    "https://gitlab.com": "gitlab",
    "https://accounts.google.com": "google",
    "https://platform.activestate.com/api/v1/oauth/oidc": "activestate",
}
REQUIRED = ("iss", "iat", "exp", "aud")


def read_claims(token: str, issuer: Issuer, audience: str, now: float, is_disabled: Callable[[str], bool]) -> Claims:
    """Return the claims of TOKEN, or raise PyPI's refusal.

    audience: for whom the token must be made; now: seconds since the epoch on the index.
    is_disabled: tells whether the index takes no tokens of an issuer, `github` for example.
    """
    try:
        named = jwt.decode(token, options={"verify_signature": False})["iss"]
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise refuse("mint-malformed") from error
    name = ISSUERS.get(named) if isinstance(named, str) else None
    if name is None:
        raise refuse("mint-issuer")
    if is_disabled(name):
        raise refuse("mint-not-enabled", issuer=name)
    try:
        return _verified(token, issuer, audience, now)
    except (jwt.PyJWTError, TypeError, ValueError, OverflowError) as error:
        raise refuse("mint-token") from error


def why(error: BaseException | None, audience: str) -> str:
    """Return in words for a person what ERROR has against an identity token, which PyPI does not say; nothing when there is no more to say."""
    if isinstance(error, jwt.InvalidAudienceError):
        return f"the identity token was made for somebody else: this index wants the audience {audience}"
    if isinstance(error, jwt.ExpiredSignatureError | jwt.ImmatureSignatureError):
        return "the identity token is not of now: GitHub's is good for five minutes, and the clocks must agree"
    if isinstance(error, jwt.InvalidKeyError | jwt.InvalidSignatureError):
        return "the identity token was not made by the GitHub of this twin"
    return str(error) if isinstance(error, jwt.PyJWTError) else ""


def _verified(token: str, issuer: Issuer, audience: str, now: float) -> dict[str, Any]:
    if jwt.get_unverified_header(token).get("kid") != issuer.key_id:
        raise jwt.InvalidKeyError("no such key")
    options: Any = {"require": list(REQUIRED), "strict_aud": True, "verify_exp": False, "verify_nbf": False, "verify_iat": False}
    claims: dict[str, Any] = jwt.decode(token, issuer.public_key(), algorithms=["RS256"], audience=audience, issuer=ISSUER, options=options)
    # The library knows this machine's time only, and the twin's may be another.
    if int(claims["exp"]) <= now - LEEWAY or int(claims["iat"]) > now + LEEWAY or int(claims.get("nbf", 0)) > now + LEEWAY:
        raise jwt.ExpiredSignatureError("not of now")
    return claims
