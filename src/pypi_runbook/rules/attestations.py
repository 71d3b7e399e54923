"""Attestations that come with a file: whether they are of PEP 740's form, about this file, and of kinds that PyPI takes.

Certificates and signatures are not looked at: that an attestation passes here does not say that Sigstore made it.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from packaging.utils import parse_sdist_filename, parse_wheel_filename

from pypi_runbook.rules.catalogue import refuse
from pypi_runbook.rules.shapes import Shape, misfit

KINDS = ("https://docs.pypi.org/attestations/publish/v1", "https://slsa.dev/provenance/v1")
TEXT, BASE64, OBJECT = Shape("text"), Shape("base64"), Shape("object")
MATERIAL = Shape("object", {"certificate": BASE64, "transparency_entries": Shape("array", item=OBJECT, least=1)}, model=True)
ENVELOPE = Shape("object", {"statement": BASE64, "signature": BASE64}, model=True)
ATTESTATION = Shape("object", {"version": Shape("constant", constant=1), "verification_material": MATERIAL, "envelope": ENVELOPE}, model=True)
SUBJECT = Shape("object", {"name": TEXT, "digest": OBJECT}, model=True)
STATEMENT = Shape(
    "object",
    {
        "_type": Shape("constant", constant="https://in-toto.io/Statement/v1"),
        "subject": Shape("array", item=SUBJECT, least=1),
        "predicateType": TEXT,
        "predicate": OBJECT,
    },
    frozenset({"predicate"}),
    model=True,
)


def check_attestations(text: str, filename: str, sha256: str, *, trusted: bool) -> None:
    """Raise what is wrong with the attestations that came with FILENAME, whose digest is SHA256.

    text: the form's field, a JSON list. trusted: whether the token is a trusted publisher's; nobody else may send any.
    """
    if not trusted:
        raise refuse("attestations-publisher")
    if problem := misfit(text, Shape("array", item=ATTESTATION), "list[Attestation]"):
        raise refuse("attestations-malformed", error=problem)
    attestations = json.loads(text)
    if not attestations:
        raise refuse("attestations-empty")
    if len(attestations) > len(KINDS):
        raise refuse("attestations-limit")
    seen = set()
    for attestation in attestations:
        kind = _checked_kind(base64.b64decode(attestation["envelope"]["statement"]), filename, sha256)
        if kind in seen:
            raise refuse("attestations-duplicate", type=kind)
        seen.add(kind)


def _checked_kind(payload: bytes, filename: str, sha256: str) -> str:
    """Return what kind of statement PAYLOAD is; raise when it is not one about this very file."""
    text = payload.decode("utf-8", "replace")
    if problem := misfit(text, STATEMENT, "_Statement"):
        raise refuse("attestations-statement", error=problem)
    statement = json.loads(text)
    if len(statement["subject"]) != 1:
        raise refuse("attestations-subjects")
    _check_subject(statement["subject"][0], filename, sha256)
    kind: str = statement["predicateType"]
    if kind not in KINDS:
        raise refuse("attestations-unknown", type=kind)
    return kind


def _check_subject(subject: dict[str, Any], filename: str, sha256: str) -> None:
    if not subject["name"]:
        raise refuse("attestations-subject", error="missing name")
    try:
        about = _parsed(subject["name"])
    except ValueError as error:
        raise refuse("attestations-subject", error=str(error)) from None
    if about != _parsed(filename):
        raise refuse("attestations-name", found=subject["name"], filename=filename)
    if subject["digest"].get("sha256") != sha256:
        raise refuse("attestations-digest")


def _parsed(filename: str) -> object:
    if filename.endswith(".whl"):
        return parse_wheel_filename(filename)
    if filename.endswith((".tar.gz", ".zip")):
        return parse_sdist_filename(filename)
    raise ValueError(f"unknown distribution format: {filename}")
