"""Raw connections to a twin, in this process or in its own: what no client would send, and when no client would stop."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pypi_runbook.twin import Twin

UPLOADS = "upload.pypi.org"
JSON = "application/vnd.pypi.simple.v1+json"
BOUNDARY = "multipart/form-data; boundary=x"


@dataclass
class Door:
    """Where a twin is reached: its tunnel's port, its authority, and a token for PyPI."""

    port: int
    authority: Path
    token: str
    _tls: ssl.SSLContext | None = field(default=None, repr=False)

    @classmethod
    def of(cls, twin: Twin) -> Door:
        """Return the door of a TWIN in this process."""
        return cls(int(twin.proxy.rpartition(":")[2]), twin.authority, twin.token("pypi"))

    def connect(self, host: str = UPLOADS) -> ssl.SSLSocket:
        """Return a connection to HOST through the tunnel."""
        if self._tls is None:
            self._tls = ssl.create_default_context(cafile=self.authority)
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(f"CONNECT {host}:443 HTTP/1.1\r\n\r\n".encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        return self._tls.wrap_socket(connection, server_hostname=host)

    def send(self, data: bytes, host: str = UPLOADS) -> bytes:
        """Send DATA to HOST and return the whole answer."""
        with self.connect(host) as secure:
            secure.sendall(data)
            return read_all(secure)

    def post(self, body: bytes, kind: str = BOUNDARY) -> bytes:
        """Post BODY as an upload with a right token and return the answer's status line."""
        return self.send(self.upload_head(len(body), kind) + body).split(b"\r\n")[0]

    def get(self, host: str, path: str, accept: str = "*/*") -> tuple[int, bytes]:
        """Return status and body of a page."""
        answer = self.send(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: {accept}\r\nConnection: close\r\n\r\n".encode(), host)
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), body

    @contextmanager
    def reader(self) -> Iterator[Callable[[str, str], tuple[int, bytes]]]:
        """Give a function that returns status and body of a host's page, as JSON where there is a choice, over one connection for all."""
        with self.connect() as secure:

            def read(host: str, path: str) -> tuple[int, bytes]:
                secure.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: {JSON}, */*;q=0.1\r\n\r\n".encode())
                answer = http.client.HTTPResponse(secure)
                answer.begin()
                return answer.status, answer.read()

            yield read

    def upload_head(self, length: int, kind: str = BOUNDARY) -> bytes:
        """Return what stands above an upload of LENGTH bytes, with a right token."""
        secret = base64.b64encode(f"__token__:{self.token}".encode()).decode()
        lines = ["POST /legacy/ HTTP/1.1", f"Host: {UPLOADS}", f"Authorization: Basic {secret}", f"Content-Type: {kind}"]
        return "\r\n".join([*lines, f"Content-Length: {length}", "Connection: close", "", ""]).encode("utf-8", "replace")


class TwinProcess:
    """`pypi-runbook twin` as people start it: a process of its own."""

    def __init__(self, *options: str, **variables: str) -> None:
        command = [sys.executable, "-m", "pypi_runbook", "twin", "--json", *options]
        outer = {**os.environ, **variables}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=outer)
        assert self.process.stdout
        text = ""
        while not text.endswith("\n}\n"):
            line = self.process.stdout.readline()
            assert line, "the twin did not start"
            text += line
        given = json.loads(text)["environment"]
        self.door = Door(int(given["HTTPS_PROXY"].rpartition(":")[2]), Path(given["REQUESTS_CA_BUNDLE"]), given["PYPI_RUNBOOK_TOKEN_PYPI"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end(signal.SIGINT)

    def end(self, number: signal.Signals) -> None:
        """Send the signal NUMBER and wait for the end."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.communicate(timeout=20)
        if self.process.stdout:
            self.process.stdout.close()

    def memory(self, what: str = "VmHWM") -> int:
        """Return the most memory that the process had so far, in KiB; `VmRSS` is what it has now."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(what))


def read_all(connection: socket.socket) -> bytes:
    """Return everything that comes until the other side ends."""
    answer = b""
    while more := connection.recv(65536):
        answer += more
    return answer


def form(fields: Iterable[tuple[str, str]], filename: str = "x-1.0-py3-none-any.whl", content: bytes = b"") -> bytes:
    """Return a multipart body with FIELDS and a file."""
    parts = [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode("utf-8", "replace") for name, value in fields]
    head = f'--x\r\nContent-Disposition: form-data; name="content"; filename="{filename}"\r\nContent-Type: application/octet-stream\r\n\r\n'
    return b"".join([*parts, head.encode("utf-8", "replace"), content, b"\r\n--x--\r\n"])


def right_fields(content: bytes = b"", **changes: str) -> list[tuple[str, str]]:
    """Return the fields of a right form for a wheel of x 1.0 with CONTENT, with CHANGES."""
    fields = {":action": "file_upload", "metadata_version": "2.4", "name": "x", "version": "1.0", "filetype": "bdist_wheel", "pyversion": "py3"}
    return list({**fields, "md5_digest": "", "sha256_digest": hashlib.sha256(content).hexdigest(), **changes}.items())


def right_form(path: Path) -> bytes:
    """Return the right form for the wheel or sdist at PATH."""
    content = path.read_bytes()
    if path.suffix == ".whl":
        name, version = path.name.split("-")[:2]
        return form(right_fields(content, name=name, version=version), path.name, content)
    name, _, version = path.name.removesuffix(".tar.gz").rpartition("-")
    return form(right_fields(content, name=name, version=version, filetype="sdist", pyversion="source"), path.name, content)
