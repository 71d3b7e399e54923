"""The throw-away certificate authority: made at the start, trusted by the twin's clients only, gone with the twin."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme

from pypi_runbook.twin.hosts import HOSTS


def make_authority(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Write the authority's certificate into FOLDER; return its file and the server's TLS context for every host of the twin."""
    authority = trustme.CA(organization_name="pypi-runbook twin")
    file = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*HOSTS, "localhost", "127.0.0.1").configure_cert(context)
    # HTTP/2 has no reason phrase, and that is where an index puts its words.
    context.set_alpn_protocols(["http/1.1"])
    return file, context
