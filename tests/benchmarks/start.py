#!/usr/bin/env python3
"""How long it takes until a twin answers its first request: the command as people start it, and the twin by itself.

    .venv/bin/python tests/benchmarks/start.py [--rounds 15] [--write]

The command's time holds the start of Python and all imports. The fastest round counts: what else the machine does only adds to it.
`--write` keeps it for the site.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import ssl
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from rivals import start_twin

from pypi_runbook.twin import Twin

RESULT = Path(__file__).resolve().parents[2] / "docs" / "assets" / "benchmarks" / "start.json"


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
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--write", action="store_true", help="keep the fastest rounds for the site")
    options = parser.parse_args()
    twin()
    seconds: dict[str, list[float]] = {"process": [], "twin": []}
    for _ in range(options.rounds):
        seconds["process"].append(command())
        seconds["twin"].append(twin())
    about = {"schema": 1, "date": datetime.now(UTC).date().isoformat(), "python": platform.python_version(), "cpus": os.cpu_count()}
    result = {**about, "rounds": options.rounds, "seconds": {name: round(min(found), 2) for name, found in seconds.items()}}
    if options.write:
        RESULT.parent.mkdir(parents=True, exist_ok=True)
        RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
