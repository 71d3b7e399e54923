"""Which trusted publisher uploaded a file: kept with the file when it comes; the integrity API tells it in PEP 740's form where it signed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pypi_runbook.twin.records import File
from pypi_runbook.twin.trusted.publishers import read_publisher

if TYPE_CHECKING:
    # For the type only: the registry stands on the store, and the store's files are listed with this module.
    from pypi_runbook.twin.trusted.registry import Registry

ATTESTATIONS, PUBLISHER = "attestations", ":publisher"
# An administrator's flag: while it is on, attestations are neither looked at nor shown.
ATTESTATIONS_FLAG = "disable-pep740"


def attributed(file: File, registry: Registry, publisher: str | None) -> File:
    """Return FILE with the name of the trusted publisher who uploads it.

    publisher: its id in REGISTRY. What it is called may change later, and a provenance does not.
    """
    known = next((each for each in registry.publishers(file.index) if each.id == publisher), None)
    return replace(file, metadata={**file.metadata, PUBLISHER: [str(known.publisher)]}) if known else file


def publisher_of(file: File) -> str:
    """Return the trusted publisher that uploaded FILE, as people write it; nothing when it was a person's token."""
    return str(file.metadata.get(PUBLISHER, [""])[0])


def provenance(file: File) -> dict[str, Any] | None:
    """Return the provenance object of FILE, None when it came without attestations."""
    if PUBLISHER not in file.metadata or ATTESTATIONS not in file.metadata:
        return None
    publisher = read_publisher(file.metadata[PUBLISHER][0])
    identity = {
        "claims": None,
        "environment": publisher.environment or None,
        "kind": "GitHub",
        "repository": f"{publisher.owner}/{publisher.repository}",
        "workflow": publisher.workflow,
    }
    return {"attestation_bundles": [{"attestations": json.loads(file.metadata[ATTESTATIONS][0]), "publisher": identity}], "version": 1}
