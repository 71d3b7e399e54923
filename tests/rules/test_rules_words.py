"""Judgements that PyPI leaves to libraries: the same as theirs, in their words."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.metadata import Metadata
from rfc3986 import exceptions, uri_reference, validators  # type: ignore[import-untyped]

from pypi_runbook.rules import Refused, Site
from pypi_runbook.rules.addresses import address_in, address_problem
from pypi_runbook.rules.attestations import ATTESTATION
from pypi_runbook.rules.filenames import check_wheel_name
from pypi_runbook.rules.names import standard_library
from pypi_runbook.rules.shapes import Shape, misfit
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


def is_valid(url: str) -> bool:
    """Tell what rfc3986 says when PyPI asks it."""
    validator = validators.Validator().allow_schemes("http", "https").require_presence_of("scheme")
    try:
        validator.check_validity_of("scheme", "host", "port", "path", "query").validate(uri_reference(url).normalize())
    except exceptions.ValidationError:
        return False
    return True


@pytest.mark.parametrize("text", MALFORMED)
def test_shapes(text: str) -> None:
    """What does not fit is told as pydantic tells it."""
    kind = MALFORMED[text].split("type=")[1].split(",")[0]
    more = f"    For further information visit https://errors.pydantic.dev/2.13/v/{kind}"

    assert (
        misfit(text, Shape("array", item=ATTESTATION), "list[Attestation]") == f"1 validation error for list[Attestation]\n{MALFORMED[text]}\n{more}"
    )


def test_several_misfits() -> None:
    """Each thing that does not fit is told, with its place."""
    attestation = {"version": 2, "verification_material": {"certificate": "Y", "transparency_entries": []}}

    told = misfit(json.dumps([attestation]), Shape("array", item=ATTESTATION), "list[Attestation]").splitlines()

    places = ["0.version", "0.verification_material.certificate", "0.verification_material.transparency_entries", "0.envelope"]
    assert told[0] == "4 validation errors for list[Attestation]"
    assert [line for line in told[1:] if not line.startswith(" ")] == places


def test_standard_library_of_all_pythons() -> None:
    """Names of modules that only another Python has are not free either, nor those below a package."""
    assert {"asyncio", "distutils", "urllib2", "os-path", "compression-zstd"} <= standard_library()
    assert "requests" not in standard_library()


@pytest.mark.parametrize("version", ["!", "1" * 5000])
def test_a_wheel_with_a_wrong_version_in_its_name(version: str) -> None:
    """The words are packaging's, the name in them is quoted once; a number that Python does not read is wrong as any other."""
    metadata = Metadata.from_raw({"metadata_version": "2.1", "name": "x", "version": "1.0"})
    with pytest.raises(Refused) as raised:
        check_wheel_name(f"x-{version}-py3-none-any.whl", metadata, "x")
    assert raised.value.message(Site("pypi.org")) == f"Invalid wheel filename (invalid version): 'x-{version}-py3-none-any'"
