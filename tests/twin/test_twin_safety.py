"""Nothing leaves: no credential reaches a client, no host but the twin's answers, and a namespace has no other network."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pypi_runbook.errors import RunbookError
from pypi_runbook.twin import Twin
from pypi_runbook.twin.hosts import HOSTS
from pypi_runbook.twin.proxies import check_command
from pypi_runbook.twin.tunnel import HEAD_LIMIT

if TYPE_CHECKING:
    from people import Person

pytest_plugins = ["people"]

# What hatch does: a connection of its own, whatever the proxy variables say.
IGNORES_PROXIES = """
import ssl, sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
print(opener.open(sys.argv[1], timeout=5).read().decode())
"""


def test_environment_holds_no_word_of_the_caller(twin: Twin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client's variables do not depend on the caller's, and the caller's tokens are not among them."""
    before = twin.environment(tmp_path, tmp_path)
    for name in ("PIP_INDEX_URL", "UV_PUBLISH_TOKEN", "TWINE_PASSWORD", "POETRY_PYPI_TOKEN_PYPI", "GH_TOKEN", "NO_PROXY", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, "secret")

    assert twin.environment(tmp_path, tmp_path) == before
    assert "secret" not in before.values()
    assert before["PYTHON_KEYRING_BACKEND"] == "keyring.backends.null.Keyring"
    assert before["HTTPS_PROXY"] == before["https_proxy"] == twin.proxy
    assert before["NO_PROXY"] == before["no_proxy"] == "127.0.0.1,localhost"


def test_no_configuration_of_the_machine_reaches_pip(person: Person) -> None:
    """pip sees only the twin's authority and nothing of the machine's own files."""
    done = person.run("pip", "config", "list")

    settings = [line.split("=")[0].removeprefix(":env:.") for line in done.stdout.splitlines()]
    assert settings == ["cert", "compile", "config-file", "disable-pip-version-check"]


def test_no_configuration_of_the_caller_reaches_twine(person: Person) -> None:
    """Without a token twine finds none: no .pypirc, no keyring, no variable."""
    done = person.run("twine", "upload", "--non-interactive", __file__.replace(".py", ".whl"))

    assert "Cannot find file" in done.stdout


@pytest.mark.parametrize("url", ["https://example.org/", "http://example.org/", "https://example.org:8443/"])
def test_tunnel_refuses_other_hosts_by_name(twin: Twin, person: Person, url: str) -> None:
    """The client's error and the log name the host that was refused."""
    done = person.run("pip", "--retries", "0", "download", f"{url}x-1.0-py3-none-any.whl", enclosed=False)

    assert done.returncode != 0
    assert "The twin refuses example.org" in done.stdout
    assert twin.requests[-1].host == "example.org"
    assert twin.requests[-1].status == 403


def test_tunnel_sends_plain_http_to_https(person: Person) -> None:
    """An address of the twin without TLS is redirected, as the real hosts do."""
    done = person.run("curl", "-sS", "-L", "http://pypi.org/", enclosed=False)

    assert "PyPI (twin)" in done.stdout


@pytest.mark.parametrize(
    "head", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"CONNECT \r\n\r\n", b"\x16\x03\x01\r\n\r\n", b"a" * (HEAD_LIMIT + 10)]
)
def test_tunnel_answers_nonsense_with_a_client_error(twin: Twin, head: bytes) -> None:
    """Whatever arrives at the tunnel gets a 4xx and an end, not a hang."""
    with socket.create_connection(("127.0.0.1", int(twin.proxy.rpartition(":")[2])), timeout=10) as connection:
        connection.sendall(head)
        answer = connection.makefile("rb").read()

    assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))


def test_twin_listens_on_loopback_only(twin: Twin) -> None:
    """No socket of the twin is bound to an address that another machine could reach."""
    listening = subprocess.run(["cat", "/proc/net/tcp", "/proc/net/tcp6"], capture_output=True, text=True, check=True).stdout
    port = f"{int(twin.proxy.rpartition(':')[2]):04X}"
    addresses = {line.split()[1] for line in listening.splitlines() if f":{port} " in f"{line.split()[1]} " and line.split()[3] == "0A"}

    assert addresses == {f"0100007F:{port}"}


def test_certificate_vouches_for_every_host(person: Person) -> None:
    """Every host of the twin answers with a certificate that the client accepts."""
    for host in HOSTS:
        done = person.run("curl", "-sS", "-o", "/dev/null", "-w", "%{ssl_verify_result}", f"https://{host}/", enclosed=False)
        assert done.stdout == "0", host


def test_hatch_is_refused_by_name_without_a_namespace() -> None:
    """A client that ignores proxies does not start where nothing else would stop it."""
    with pytest.raises(RunbookError, match="hatch ignores proxy variables"):
        check_command(["/usr/bin/hatch", "publish"], ["credentials", "tunnel"])
    check_command(["hatch", "publish"], ["credentials", "tunnel", "namespace"])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has namespaces")
@pytest.mark.needs("unshare")
def test_namespace_holds_wherever_the_machine_allows_one(twin: Twin) -> None:
    """Where unshare(1) makes namespaces, so does the twin: the tests below are not skipped for a fault of ours."""
    allowed = subprocess.run(["unshare", "--map-root-user", "--net", "--mount", "true"], capture_output=True, check=False).returncode == 0

    assert ("namespace" in twin.layers) == allowed


@pytest.mark.needs("user namespaces")
def test_client_that_ignores_proxies_reaches_the_twin(twin: Twin, person: Person) -> None:
    """Inside the namespace the hosts are the twin, whatever a client thinks of proxies."""
    done = person.run("python", "-c", IGNORES_PROXIES, "https://test.pypi.org/")

    assert "TestPyPI (twin)" in done.stdout
    assert twin.requests[-1].host == "test.pypi.org"


@pytest.mark.needs("user namespaces")
def test_namespace_has_no_other_network(person: Person) -> None:
    """Inside the namespace there is loopback and nothing else: no name resolves, no address is reachable."""
    interfaces = person.run("python", "-c", "import socket; print([name for _, name in socket.if_nameindex()])")
    name = person.run("python", "-c", IGNORES_PROXIES, "https://example.org/")
    address = person.run("python", "-c", "import socket; socket.create_connection(('192.0.2.1', 443), timeout=5)")

    assert "'lo'" in interfaces.stdout
    assert "'eth" not in interfaces.stdout
    assert "Error" in name.stdout
    assert "Network is unreachable" in address.stdout


@pytest.mark.needs("user namespaces")
def test_namespace_keeps_ids_streams_and_status(twin: Twin, tmp_path: Path) -> None:
    """A wrapped command has the caller's ids, its standard input, its folder and its own exit status."""
    script = "import os, sys; print(os.getuid(), os.getgid(), os.getcwd(), sys.stdin.read()); sys.exit(42)"
    done = subprocess.run(twin.wrap([sys.executable, "-c", script]), cwd=tmp_path, input="in", capture_output=True, text=True, check=False)

    assert done.stdout == f"{os.getuid()} {os.getgid()} {tmp_path} in\n"
    assert done.returncode == 42
    assert done.stderr == ""


@pytest.mark.needs("user namespaces")
def test_namespaces_side_by_side(person: Person) -> None:
    """Several enclosed commands at once are served, and one inside another too."""
    script = "curl -sS https://pypi.org/ >a & curl -sS https://test.pypi.org/ >b & wait; cat a b"
    done = person.run("sh", "-c", script)
    inner = person.run(*person.twin.wrap(["curl", "-sS", "https://pypi.org/"]))

    assert done.stdout.count("(twin)</h1>") == 2
    assert "PyPI (twin)" in inner.stdout
