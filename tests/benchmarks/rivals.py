"""The servers that a benchmark measures: each started from its own locked environment, on loopback, with an empty folder."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from pypi_runbook.twin.mirror import cache_folder

HERE = Path(__file__).resolve().parent
START_SECONDS = 60
DEVPI_USER = "root"


@dataclass
class Server:
    """A running index: how to reach it, and where it takes uploads and lists projects."""

    name: str
    version: str
    process: subprocess.Popen[str]
    connect: Callable[[], http.client.HTTPConnection]
    upload_path: str
    index_path: str
    upload_headers: dict[str, str] = field(default_factory=dict)
    index_headers: dict[str, str] = field(default_factory=dict)

    def stop(self) -> None:
        """End the process."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


def environment(name: str) -> Path:
    """Return the folder of commands of a locked environment, installed with this machine's pip settings and kept for the next run."""
    lock = HERE / f"requirements-{name}.txt"
    key = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder = cache_folder(os.environ) / "benchmarks" / f"{name}-{key}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        options = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--requirement", str(lock)]
        subprocess.run([str(folder / "bin" / "python"), "-m", "pip", "install", *options], check=True)
        (folder / "complete").touch()
    return folder / "bin"


def locked(name: str, distribution: str) -> str:
    """Return the version of DISTRIBUTION in a lock."""
    lines = (HERE / f"requirements-{name}.txt").read_text().splitlines()
    return next(line.partition("==")[2].split()[0] for line in lines if line.startswith(f"{distribution}=="))


def start_twin(folder: Path) -> Server:
    """Start the twin as people do; its clients come through the tunnel and speak TLS, as real ones."""
    command = [sys.executable, "-m", "pypi_runbook", "twin", "--json", "--state", str(folder / "twin")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    text = ""
    assert process.stdout
    while not text.endswith("\n}\n"):
        text += process.stdout.readline()
    given = json.loads(text)["environment"]
    port, tls = int(given["HTTPS_PROXY"].rpartition(":")[2]), ssl.create_default_context(cafile=given["REQUESTS_CA_BUNDLE"])

    def connect() -> http.client.HTTPConnection:
        connection = http.client.HTTPSConnection("127.0.0.1", port, context=tls)
        connection.set_tunnel("test.pypi.org", 443)
        return connection

    upload = {"Authorization": basic("__token__", given["PYPI_RUNBOOK_TOKEN_TESTPYPI"])}
    accept = {"Accept": "application/vnd.pypi.simple.v1+html"}
    return Server("twin", metadata.version("pypi-runbook"), process, connect, "/legacy/", "/simple/{}/", upload, accept)


def start_pypiserver(folder: Path) -> Server:
    """Start pypiserver without passwords; it finds waitress in its environment and uses it."""
    (folder / "pypiserver").mkdir()
    port = free_port()
    command = [str(environment("pypiserver") / "pypi-server"), "run", "-i", "127.0.0.1", "-p", str(port)]
    process = quietly([*command, "-P", ".", "-a", ".", "--disable-fallback", str(folder / "pypiserver")])
    return Server("pypiserver", locked("pypiserver", "pypiserver"), process, plain(port, process), "/", "/simple/{}/")


def start_devpi(folder: Path) -> Server:
    """Start devpi with one private index, which has no other index behind it."""
    commands, place, port = environment("devpi"), str(folder / "devpi"), free_port()
    stage = f"/{DEVPI_USER}/bench"
    subprocess.run(
        [str(commands / "devpi-init"), "--serverdir", place, "--no-root-pypi", "--root-passwd", DEVPI_USER], check=True, capture_output=True
    )
    process = quietly([str(commands / "devpi-server"), "--serverdir", place, "--host", "127.0.0.1", "--port", str(port), "--offline-mode"])
    connection = plain(port, process)()
    secret = ask(connection, "POST", "/+login", {"user": DEVPI_USER, "password": DEVPI_USER})["result"]["password"]
    ask(connection, "PUT", stage, {"type": "stage", "bases": []}, {"X-Devpi-Auth": base64.b64encode(f"{DEVPI_USER}:{secret}".encode()).decode()})
    upload = {"Authorization": basic(DEVPI_USER, DEVPI_USER)}
    return Server("devpi", locked("devpi", "devpi-server"), process, plain(port, process), f"{stage}/", f"{stage}/+simple/{{}}/", upload)


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, content: dict[str, object], headers: dict[str, str] | None = None
) -> dict[str, dict[str, str]]:
    """Return devpi's answer to a request in JSON."""
    more = {"Content-Type": "application/json", "Accept": "application/json", **(headers or {})}
    connection.request(method, path, json.dumps(content), more)
    answer = connection.getresponse()
    found: dict[str, dict[str, str]] = json.loads(answer.read())
    assert answer.status == 200, found
    return found


def plain(port: int, process: subprocess.Popen[str]) -> Callable[[], http.client.HTTPConnection]:
    """Return what makes connections to a port, once PROCESS answers there."""
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                process.kill()
                raise RuntimeError("the server does not start") from None
            time.sleep(0.1)
        else:
            return lambda: http.client.HTTPConnection("127.0.0.1", port)


def quietly(command: list[str]) -> subprocess.Popen[str]:
    """Start COMMAND without its log."""
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def basic(user: str, password: str) -> str:
    """Return the header's value for a user and a password."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
