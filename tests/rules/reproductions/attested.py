"""Rules about attestations: a trusted publisher's upload with one that is right but for one thing, and a user's, who may send none.

All of it is on TestPyPI. That certificates and signatures are right is not judged, so these hold none.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from people import Person

from pypi_runbook.rules.attestations import KINDS
from reproductions import Finished, Reproduction
from reproductions.accounts import INDEX, TRUSTED, UPLOAD, minted, wheel
from reproductions.files import fields_of, post

Value = Any
# Makes the value of the form's field for a file.
Make = Callable[[Path], Value]


def statement_about(path: Path, kind: str = KINDS[0], **changes: Value) -> dict[str, Value]:
    """Return the statement that the file at PATH was published, with CHANGES in its subject."""
    subject = {"name": path.name, "digest": {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}, **changes}
    return {"_type": "https://in-toto.io/Statement/v1", "subject": [subject], "predicateType": kind}


def attestation(statement: object) -> dict[str, Value]:
    """Return an attestation that holds STATEMENT."""
    envelope = {"statement": base64.b64encode(json.dumps(statement).encode()).decode(), "signature": "bm9uZQ=="}
    return {"version": 1, "verification_material": {"certificate": "bm9uZQ==", "transparency_entries": [{}]}, "envelope": envelope}


def right(path: Path) -> list[Value]:
    """Return what a publisher sends with PATH."""
    return [attestation(statement_about(path))]


def stating(make: Callable[[Path], object]) -> Make:
    """Return what makes one attestation with the statement that MAKE makes."""
    return lambda path: [attestation(make(path))]


def two_subjects(path: Path) -> object:
    """Return a statement about two files."""
    statement = statement_about(path)
    return statement | {"subject": statement["subject"] * 2}


def sent(make: Make) -> Callable[[Person], Finished]:
    """Return what uploads a new wheel with a trusted publisher's token and the attestations that MAKE makes."""

    def run(person: Person) -> Finished:
        token = minted(person)
        path = wheel(person, TRUSTED)
        return post(person, [*fields_of(path), ("attestations", json.dumps(make(path)))], path, url=UPLOAD, token=token)

    return run


def with_user_token(person: Person) -> Finished:
    """Upload a wheel and its attestation with twine and a user's token."""
    path = wheel(person, "attested-by-hand")
    beside = path.with_name(f"{path.name}.publish.attestation")
    beside.write_text(json.dumps(right(path)[0]))
    return person.upload(INDEX, path, beside, options=("--attestations",))


def refused(make: Make) -> Reproduction:
    """Return the reproduction that sends what MAKE makes, and what is right."""
    return Reproduction(sent(make), sent(right))


REPRODUCTIONS = {
    "attestations-publisher": Reproduction(with_user_token, sent(right)),
    "attestations-malformed": refused(lambda path: [{**right(path)[0], "version": 2}]),
    "attestations-empty": refused(lambda path: right(path)[1:]),
    "attestations-limit": refused(lambda path: right(path) * 3),
    "attestations-statement": refused(stating(lambda path: {**statement_about(path), "_type": "https://in-toto.io/Statement/v0.1"})),
    "attestations-subjects": refused(stating(two_subjects)),
    "attestations-subject": refused(stating(lambda path: statement_about(path, name="notes.txt"))),
    "attestations-name": refused(stating(lambda path: statement_about(path, name="other-1.0.tar.gz"))),
    "attestations-digest": refused(stating(lambda path: statement_about(path, digest={"sha256": "0" * 64}))),
    "attestations-unknown": refused(stating(lambda path: statement_about(path, "https://example.org/v1"))),
    "attestations-duplicate": refused(lambda path: right(path) * 2),
}
