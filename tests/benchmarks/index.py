#!/usr/bin/env python3
"""How many uploads and how many simple-index pages a second the twin answers, beside pypiserver and devpi.

    .venv/bin/python tests/benchmarks/index.py [--rounds 5] [--write]

All three run at once; each round asks each of them in turn, and the median of the rounds' ratios counts, not the seconds:
the machine's speed drifts. Clients keep their connections. The twin is reached as real clients reach it, through its tunnel and
with TLS; the others speak plain HTTP. `--write` keeps the ratios for the site.
"""

from __future__ import annotations

import hashlib
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from keeping import keep, read_options
from rivals import Server, start_devpi, start_pypiserver, start_twin

from pypi_runbook.rules.sample import make_wheel

CLIENTS = (1, 8)
UPLOADS, PAGES = 24, 240
LISTED_FILES = 20
BOUNDARY = "benchmark"
VERSIONS = count(1)


class Wheels:
    """Makes right wheels of one project, each of another version and with other bytes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def form(self, name: str) -> bytes:
        """Return the upload form of a new wheel of 20 KB."""
        path = make_wheel(self._folder, name, f"1.{next(VERSIONS)}", files={"data.txt": os.urandom(10_000).hex()})
        content = path.read_bytes()
        path.unlink()
        fields = {":action": "file_upload", "protocol_version": "1", "metadata_version": "2.4", "name": name, "version": path.name.split("-")[1]}
        fields |= {"filetype": "bdist_wheel", "pyversion": "py3", "sha256_digest": hashlib.sha256(content).hexdigest()}
        parts = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields.items()]
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="content"; filename="{path.name}"\r\n'
        return "".join([*parts, head, "Content-Type: application/octet-stream\r\n\r\n"]).encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def rate(server: Server, requests: list[tuple[str, str, bytes, dict[str, str]]], clients: int) -> float:
    """Return how many of REQUESTS the server answers a second, shared by that many CLIENTS."""
    start = threading.Barrier(clients + 1)

    def work(own: list[tuple[str, str, bytes, dict[str, str]]]) -> None:
        connection = server.connect()
        connection.connect()
        start.wait()
        for method, path, body, headers in own:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            said = answer.read()
            assert answer.status == 200, (server.name, answer.status, answer.reason, said[:300])
        connection.close()

    with ThreadPoolExecutor(clients) as pool:
        done = [pool.submit(work, requests[number::clients]) for number in range(clients)]
        start.wait()
        began = time.perf_counter()
        for each in done:
            each.result()
        return len(requests) / (time.perf_counter() - began)


def uploads(server: Server, wheels: Wheels, number: int, project: str = "uploaded") -> list[tuple[str, str, bytes, dict[str, str]]]:
    """Return that NUMBER of uploads to the server, each of a new file."""
    headers = {**server.upload_headers, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return [("POST", server.upload_path, wheels.form(project), headers) for _ in range(number)]


def pages(server: Server, _: Wheels, number: int) -> list[tuple[str, str, bytes, dict[str, str]]]:
    """Return that NUMBER of requests for a project's page in HTML, the one form that all three have."""
    return [("GET", server.index_path.format("listed"), b"", server.index_headers)] * number


CASES: dict[str, tuple[Callable[[Server, Wheels, int], list[tuple[str, str, bytes, dict[str, str]]]], int]] = {
    "uploads": (uploads, UPLOADS),
    "simple-index": (pages, PAGES),
}


def measure(servers: list[Server], wheels: Wheels, rounds: int) -> dict[tuple[str, int, str], list[float]]:
    """Return each round's rates, by case, number of clients and server."""
    rates: dict[tuple[str, int, str], list[float]] = {}
    for turn in range(rounds):
        # Who comes first changes, so that nobody always follows the heaviest.
        order = servers[turn % len(servers) :] + servers[: turn % len(servers)]
        for case, (make, number) in CASES.items():
            for clients in CLIENTS:
                for server in order:
                    requests = make(server, wheels, number)
                    rates.setdefault((case, clients, server.name), []).append(rate(server, requests, clients))
    return rates


def summary(servers: list[Server], rates: dict[tuple[str, int, str], list[float]]) -> dict[str, object]:
    """Return what is kept: nothing of the machine but its number of processors."""
    own, *others = servers
    ratios = [
        {"case": case, "clients": clients, "than": other.name, "ratio": round(statistics.median(map(over, rates[case, clients, own.name], them)), 2)}
        for case in CASES
        for clients in CLIENTS
        for other in others
        if (them := rates[case, clients, other.name])
    ]
    return {"versions": {server.name: server.version for server in servers}, "ratios": ratios}


def over(own: float, other: float) -> float:
    """Return one rate in terms of another."""
    return own / other


def main() -> None:
    """Start the servers, measure them, print what came out."""
    options = read_options(__doc__, 5)
    servers: list[Server] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            servers.extend(start(folder) for start in (start_twin, start_pypiserver, start_devpi))
            wheels = Wheels(folder)
            for server in servers:
                rate(server, uploads(server, wheels, LISTED_FILES, "listed") + uploads(server, wheels, 1) + pages(server, wheels, 5), 1)
            rates = measure(servers, wheels, options.rounds)
        finally:
            for server in servers:
                server.stop()
    for (case, clients, server_name), found in rates.items():
        print(f"{case:13} {clients} clients  {server_name:11} {statistics.median(found):8.1f} a second")
    keep("index", options, summary(servers, rates))


if __name__ == "__main__":
    main()
