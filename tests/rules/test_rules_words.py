"""Judgements that PyPI leaves to libraries: the same as theirs, in their words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pypi_runbook.rules.addresses import address_in, address_problem
from pypi_runbook.rules.urls import is_url

# What email-validator 2.3.0 says of each, asked without the network.
ADDRESSES = {
    "person@example.org": "",
    "first.last+tag@sub.example.co": "",
    "é@bücher.de": "",
    "person": "An email address must have an @-sign.",
    "person\uff20example.org": 'The email address has the "full-width" at-sign (@) character instead of a regular at-sign.',
    "@example.org": "There must be something before the @-sign.",
    "person@": "There must be something after the @-sign.",
    "a b@example.org": "The email address contains invalid characters before the @-sign: SPACE.",
    "a(b,c@example.org": "The email address contains invalid characters before the @-sign: '(', ','.",
    ".a@example.org": "An email address cannot start with a period.",
    "a.@example.org": "An email address cannot have a period immediately before the @-sign.",
    "a..b@example.org": "An email address cannot have two periods in a row.",
    '"a b"@example.org': "Quoting the part before the @-sign is not allowed here.",
    "a\u200bb@example.org": "The email address contains unsafe characters: ZERO WIDTH SPACE.",
    "a@exam_ple.org": "The part after the @-sign contains invalid characters: '_'.",
    "a@.example.org": "An email address cannot have a period immediately after the @-sign.",
    "a@example.org.": "An email address cannot end with a period.",
    "a@-example.org": "An email address cannot have a hyphen immediately after the @-sign.",
    "a@example-.org": "An email address cannot have a period and a hyphen next to each other.",
    "a@ab--c.org": "An email address cannot have two letters followed by two dashes immediately after the @-sign or after a period, except Punycode.",
    "a@[192.0.2.1]": "A bracketed IP address after the @-sign is not allowed here.",
    "a@example": "The part after the @-sign is not valid. It should have a period.",
    "a@example.1": "The part after the @-sign is not valid. It is not within a valid top-level domain.",
    "a@project.test": "The part after the @-sign is a special-use or reserved name that cannot be used with email.",
    f"a@{'x' * 64}.org": "After the @-sign, periods cannot be separated by so many characters (1 character too many).",
    f"{'x' * 250}@a.org": "The email address is too long (2 characters too many).",
}
# What pydantic 2.13 says of lists of attestations.
MALFORMED = {
    "nonsense": "  Invalid JSON: expected value at line 1 column 1 [type=json_invalid, input_value='nonsense', input_type=str]",
    "{}": "  Input should be a valid array [type=list_type, input_value={}, input_type=dict]",
    "[1]": "0\n  Input should be an object [type=model_type, input_value=1, input_type=int]",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses(address: str) -> None:
    """An address is judged in the words of email-validator."""
    assert address_problem(address) == ADDRESSES[address]


def test_address_of_a_header() -> None:
    """The one address of a header is judged, and a list of them is not, because Python's strict reader finds none in it."""
    assert address_in("A Person <person@example.org>") == "person@example.org"
    assert address_in("a@example.org, b@example.org") == address_in("") == ""


@given(st.sampled_from(("https://", "http:", "HTTP://", "ftp://", "https//", "")), st.text("ax1.:/@[]%2 ?#ü\\-", max_size=8))
def test_urls(start: str, rest: str) -> None:
    """An address of the web is one exactly when rfc3986 says so, whatever is in it."""
    assert is_url(start + rest) == is_valid(start + rest)
