"""Everything that one client does in the matrix, in a twin of its own."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from desk import Desk
from installers import INSTALLERS, install_steps
from transcripts import Record
from uploaders import UPLOADERS, upload_steps

from pypi_runbook.twin import Request, Twin

CLIENTS = tuple(dict.fromkeys((*UPLOADERS, *INSTALLERS)))
PROXY_BLIND = ("hatch",)


@dataclass(frozen=True)
class Played:
    """What a client did, step by step; what it reached, and how often it tried to reach something beside the twin."""

    records: list[Record]
    requests: list[Request]
    strays: int


def play(client: str, folder: Path) -> Played:
    """Let CLIENT, as it is locked, go through its steps in FOLDER."""
    records: list[Record] = []
    with contextlib.ExitStack() as stack:
        twins = []
        for clients, steps in ((UPLOADERS, upload_steps), (INSTALLERS, install_steps)):
            if client in clients:
                twin = stack.enter_context(Twin.start())
                twins.append(twin)
                place = folder / steps.__name__
                place.mkdir()
                records += steps(Desk(client, twin, place))
        return Played(records, [request for twin in twins for request in twin.requests], sum(twin.strays for twin in twins))
