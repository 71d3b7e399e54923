"""GitHub's identity tokens, and which of them an index believes."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest
from identities import claims_of

from pypi_runbook.rules import Refused, Site
from pypi_runbook.twin.trusted.identity import read_claims, why
from pypi_runbook.twin.trusted.issuer import ISSUER, Issuer
from pypi_runbook.twin.trusted.payload import read_payload

NOW = 1_800_000_000.0
SITE = Site("pypi.org")


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    """GitHub's issuer at a time that stands still."""
    return Issuer(lambda: NOW)


def judge(issuer: Issuer, token: str, now: float = NOW, disabled: str = "") -> str:
    """Return what PyPI says about TOKEN at the time NOW: nothing, or code and description."""
    try:
        read_claims(token, issuer, "pypi", now, lambda name: name == disabled)
    except Refused as error:
        return f"{error.rule.code}: {error.message(SITE)}"
    return ""


@pytest.mark.parametrize(
    ("later", "changes", "believed"),
    [
        (0, {}, True),
        (329, {}, True),
        (331, {}, False),
        (-29, {"nbf": None}, True),
        (-31, {"nbf": None}, False),
        (0, {"nbf": NOW + 29}, True),
        (0, {"nbf": NOW + 31}, False),
        (0, {"exp": None}, False),
        (0, {"iat": None}, False),
        (0, {"exp": "soon"}, False),
        (0, {"aud": "testpypi"}, False),
        (0, {"aud": ["pypi"]}, False),
        (0, {"aud": ["pypi", "other"]}, False),
        (0, {"aud": None}, False),
    ],
)
def test_time_and_audience(issuer: Issuer, later: int, changes: dict[str, Any], believed: bool) -> None:
    """An identity is good from its start to its end, thirty seconds more on both sides, for exactly one audience."""
    said = judge(issuer, issuer.token(claims_of(), "pypi", **changes), NOW + later)
    assert said == ("" if believed else "invalid-token: malformed or invalid token")


def test_only_the_issuers_key_and_its_algorithm(issuer: Issuer) -> None:
    """A token of another key, without a key's name, or signed in another way is not believed."""
    payload = jwt.decode(issuer.token(claims_of(), "pypi"), options={"verify_signature": False})
    other = Issuer(lambda: NOW)
    other.key_id = issuer.key_id
    key: Any = issuer._private_key()
    forged = {
        "another key": other.token(claims_of(), "pypi"),
        "another name of a key": jwt.encode(payload, key, algorithm="RS256", headers={"kid": "other"}),
        "no name of a key": jwt.encode(payload, key, algorithm="RS256"),
        "another algorithm": jwt.encode(payload, key, algorithm="RS512", headers={"kid": issuer.key_id}),
        "a shared secret": jwt.encode(payload, "s" * 64, algorithm="HS256", headers={"kid": issuer.key_id}),
        "no signature": jwt.encode(payload, "", algorithm="none", headers={"kid": issuer.key_id}),
    }
    assert {name: judge(issuer, token) for name, token in forged.items()} == dict.fromkeys(forged, "invalid-token: malformed or invalid token")
    assert judge(issuer, jwt.encode(payload, key, algorithm="RS256", headers={"kid": issuer.key_id})) == ""


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"iss": "https://example.org"}, "invalid-payload: unknown trusted publishing issuer"),
        ({"iss": 7}, "invalid-payload: unknown trusted publishing issuer"),
        ({"iss": "https://gitlab.com"}, "invalid-token: malformed or invalid token"),
        ({"iss": f"{ISSUER}/"}, "invalid-payload: unknown trusted publishing issuer"),
        ({}, "invalid-payload: malformed JWT"),
        ([], "invalid-payload: malformed JWT"),
    ],
)
def test_issuer_is_looked_at_first(issuer: Issuer, payload: Any, said: str) -> None:
    """Who is said to have made a token decides what PyPI says, before any signature."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "RS256"}, payload)]
    assert judge(issuer, ".".join([*parts, "c2ln"])) == said


def test_switched_off_before_the_signature(issuer: Issuer) -> None:
    """Where tokens of GitHub are not taken, that is said even of a bad one; others have their own switch."""
    token = issuer.token(claims_of(), "testpypi")
    assert judge(issuer, token, disabled="github") == "not-enabled: github trusted publishing functionality not enabled"
    assert judge(issuer, token, disabled="gitlab") == "invalid-token: malformed or invalid token"


@pytest.mark.parametrize("token", ["", "a", "a.b", "a.b.c", "..", "e30.e30.", "\x00", "é.é.é", "eyJ" * 3000])
def test_nonsense_is_a_malformed_token(issuer: Issuer, token: str) -> None:
    """Whatever is sent instead of a token is answered, never an error of the twin."""
    assert judge(issuer, token) == "invalid-payload: malformed JWT"


def test_a_person_is_told_why(issuer: Issuer) -> None:
    """What PyPI keeps to itself is said to the person: the audience, the time, or the key."""
    words = []
    for token, now in ((issuer.token({}, "testpypi"), NOW), (issuer.token({}, "pypi"), NOW + 900), (Issuer(lambda: NOW).token({}, "pypi"), NOW)):
        with pytest.raises(Refused) as caught:
            read_claims(token, issuer, "pypi", now, lambda _: False)
        words.append(why(caught.value.__cause__, "pypi"))
    assert ["audience pypi" in words[0], "not of now" in words[1], "not made by" in words[2]] == [True, True, True]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "  Invalid JSON: EOF while parsing a value at line 1 column 0 [type=json_invalid, input_value=b'', input_type=bytes]"),
        (b"x", "  Invalid JSON: expected value at line 1 column 1 [type=json_invalid, input_value=b'x', input_type=bytes]"),
        (b"{", "  Invalid JSON: EOF while parsing an object at line 1 column 1 [type=json_invalid, input_value=b'{', input_type=bytes]"),
        (b"{} {}", "  Invalid JSON: trailing characters at line 1 column 4 [type=json_invalid, input_value=b'{} {}', input_type=bytes]"),
        (b"[]", "  Input should be an object [type=model_type, input_value=[], input_type=list]"),
        (b"{}", "token\n  Field required [type=missing, input_value={}, input_type=dict]"),
        (b'{"token": 1}', "token\n  Input should be a valid string [type=string_type, input_value=1, input_type=int]"),
        (b'{"token": null}', "token\n  Input should be a valid string [type=string_type, input_value=None, input_type=NoneType]"),
    ],
)
def test_bodies_that_hold_no_token(body: bytes, words: str) -> None:
    """A body that is not an object with a string `token` is refused in the words of the library that PyPI uses."""
    with pytest.raises(Refused) as caught:
        read_payload(body, "TokenPayload")
    lines = caught.value.message(SITE)
    assert lines.startswith(f"1 validation error for TokenPayload\n{words}\n    For further information visit https://errors.pydantic.dev/")


@pytest.mark.parametrize("body", [b"\xff", b"[" * 100_000, b'{"token": "' + b"x" * 10**6])
def test_strange_bodies_are_refused(body: bytes) -> None:
    """Bytes that are no text, deep nesting and huge strings end as a refusal that repeats at most fifty characters of them."""
    with pytest.raises(Refused) as caught:
        read_payload(body, "TokenPayload")
    assert len(caught.value.message(SITE)) < 400
