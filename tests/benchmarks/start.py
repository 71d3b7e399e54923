#!/usr/bin/env python3
"""How long it takes until a twin answers its first request: the command as people start it, and the twin by itself.

    .venv/bin/python tests/benchmarks/start.py [--rounds 15] [--write]

The command's time holds the start of Python and all imports. The fastest round counts: what else the machine does only adds to it.
`--write` keeps it for the site.
"""

from __future__ import annotations

import http.client
import ssl
import tempfile
import time
from pathlib import Path

from keeping import keep, read_options
from rivals import start_twin

from pypi_runbook.twin import Twin


def command() -> float:
    """Return the seconds from starting the command to the first answer."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        server = start_twin(Path(folder))
        ask(server.connect())
        seconds = time.perf_counter() - began
        server.stop()
    return seconds


def twin() -> float:
    """Return the seconds from starting a twin in this process to its first answer."""
    began = time.perf_counter()
    with Twin.start() as running:
        tls = ssl.create_default_context(cafile=running.authority)
        connection = http.client.HTTPSConnection("127.0.0.1", int(running.proxy.rpartition(":")[2]), context=tls)
        connection.set_tunnel("test.pypi.org", 443)
        ask(connection)
        return time.perf_counter() - began


def ask(connection: http.client.HTTPConnection) -> None:
    """Ask for the first page and wait for its end."""
    connection.request("GET", "/simple/")
    answer = connection.getresponse()
    assert answer.status == 200
    answer.read()
    connection.close()


def main() -> None:
    """Measure both, print and perhaps keep the fastest rounds."""
    options = read_options(__doc__, 15)
    twin()
    seconds: dict[str, list[float]] = {"process": [], "twin": []}
    for _ in range(options.rounds):
        seconds["process"].append(command())
        seconds["twin"].append(twin())
    keep("start", options, {"seconds": {name: round(min(found), 2) for name, found in seconds.items()}})


if __name__ == "__main__":
    main()
