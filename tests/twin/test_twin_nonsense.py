"""Whatever arrives gets an answer in the 400s: no 500, no hang, nothing written outside the store."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import ssl
import string
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pypi_runbook.rules.sample import make_wheel
from pypi_runbook.twin import Twin
from pypi_runbook.twin.tokens import make_token, read_token

pytest_plugins = ["people"]
pytestmark = pytest.mark.xdist_group("twin-nonsense")

HEADERS = b"Host: upload.pypi.org\r\nConnection: close\r\n"
FIELDS = [
    ":action",
    "protocol_version",
    "metadata_version",
    "name",
    "version",
    "filetype",
    "pyversion",
    "sha256_digest",
    "classifiers",
    "project_urls",
]


def send(twin: Twin, data: bytes) -> bytes:
    """Send DATA to the upload host through the tunnel and return the whole answer."""
    context = ssl.create_default_context(cafile=twin.authority)
    with socket.create_connection(("127.0.0.1", int(twin.proxy.rpartition(":")[2])), timeout=20) as connection:
        connection.sendall(b"CONNECT upload.pypi.org:443 HTTP/1.1\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        with context.wrap_socket(connection, server_hostname="upload.pypi.org") as secure:
            secure.sendall(data)
            answer = b""
            while more := secure.recv(65536):
                answer += more
            return answer


def post(twin: Twin, body: bytes, kind: str = "multipart/form-data; boundary=x") -> bytes:
    """Post BODY as an upload with a right token and return the answer's status line."""
    token = base64.b64encode(f"__token__:{twin.token('pypi')}".encode()).decode()
    head = f"POST /legacy/ HTTP/1.1\r\nAuthorization: Basic {token}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return send(twin, head.encode("utf-8", "replace") + HEADERS + b"\r\n" + body).split(b"\r\n")[0]


def form(fields: list[tuple[str, str]], filename: str = "x-1.0-py3-none-any.whl", content: bytes = b"") -> bytes:
    """Return a multipart body with FIELDS and a file."""
    parts = [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode("utf-8", "replace") for name, value in fields]
    head = f'--x\r\nContent-Disposition: form-data; name="content"; filename="{filename}"\r\nContent-Type: application/octet-stream\r\n\r\n'
    return b"".join([*parts, head.encode("utf-8", "replace"), content, b"\r\n--x--\r\n"])


def right_fields(**changes: str) -> list[tuple[str, str]]:
    """Return the fields of a right form for a wheel, with CHANGES."""
    fields = {":action": "file_upload", "metadata_version": "2.4", "name": "x", "version": "1.0", "filetype": "bdist_wheel", "pyversion": "py3"}
    return list({**fields, "md5_digest": "", "sha256_digest": "", **changes}.items())


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HEADERS + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
        b"POST /legacy/ HTTP/1.1\r\n" + HEADERS + b"Content-Length: nope\r\n\r\n",
        b"POST /legacy/ HTTP/1.1\r\n" + HEADERS + b"\r\n",
        b"POST /legacy/ HTTP/1.1\r\n" + HEADERS + b"Authorization: Basic %%%\r\nContent-Length: 0\r\n\r\n",
        b"DELETE /legacy/ HTTP/1.1\r\n" + HEADERS + b"\r\n",
        b"GET /simple/..%2f..%2fetc/ HTTP/1.1\r\nHost: pypi.org\r\nConnection: close\r\n\r\n",
        b"GET /pypi/a%00b/json HTTP/1.1\r\nHost: pypi.org\r\nConnection: close\r\n\r\n",
        b"GET /packages/a%00b-1.0.whl HTTP/1.1\r\nHost: files.pythonhosted.org\r\nConnection: close\r\n\r\n",
        b"GET /packages/../../etc/passwd HTTP/1.1\r\nHost: files.pythonhosted.org\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
    ],
)
def test_malformed_requests(twin: Twin, data: bytes) -> None:
    """A request that is not one, or asks for what is not there, gets a 4xx."""
    assert send(twin, data).startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "multipart/form-data; boundary=x"),
        (b"--x", "multipart/form-data; boundary=x"),
        (b"--x\r\n\r\n\r\n--x--\r\n", "multipart/form-data; boundary=x"),
        (b"--y--", "multipart/form-data; boundary=x"),
        (b"--x--", "multipart/form-data"),
        (b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y--\r\n--x--\r\n", "multipart/form-data; boundary=x"),
        (
            b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
        (b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Encoding: gzip\r\n\r\n%%%\r\n--x--\r\n', "multipart/form-data; boundary=x"),
        (b"a=1", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (form([]) + form([]), "multipart/form-data; boundary=x"),
    ],
)
def test_malformed_forms(twin: Twin, body: bytes, kind: str) -> None:
    """A form that cannot be read, or lacks everything, gets a 4xx."""
    assert post(twin, body, kind).startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize(
    "filename", ["../x.whl", "/etc/x.whl", "a\\b.whl", "x.exe", "x" * 300 + "-1.0-py3-none-any.whl", "\x7f.whl", "é.whl", ".whl", "x-1.0"]
)
def test_file_names_that_are_paths_or_worse(twin: Twin, tmp_path: Path, filename: str) -> None:
    """A file name never becomes a place on this machine."""
    content = make_wheel(tmp_path, "x").read_bytes()
    fields = right_fields(sha256_digest=hashlib.sha256(content).hexdigest())
    uploads = twin.uploads("pypi")

    assert post(twin, form(fields, filename, content)).startswith(b"HTTP/1.1 400 ")
    assert twin.uploads("pypi") == uploads


def test_zip_bomb_is_refused(twin: Twin, tmp_path: Path) -> None:
    """An archive that would swell beyond measure is refused unopened."""
    path = make_wheel(tmp_path, "x")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr("x.bin", bytes(80 * 1024 * 1024))
    content = path.read_bytes()
    answer = post(twin, form(right_fields(sha256_digest=hashlib.sha256(content).hexdigest()), path.name, content))

    assert answer == b"HTTP/1.1 400 Invalid distribution file. File exceeds compression ratio of 50"


def test_file_over_the_limit_is_refused_and_not_kept(twin: Twin) -> None:
    """More than 100 MB are read to their end, answered in PyPI's words, and leave nothing on the disk."""
    content = os.urandom(1024) * (101 * 1024)
    answer = post(twin, form(right_fields(sha256_digest=hashlib.sha256(content).hexdigest()), content=content))

    assert answer.startswith(
        b"HTTP/1.1 400 File too large. Limit for project 'x' is 100 MB. See https://docs.pypi.org/project-management/storage-limits"
    )


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fields=st.lists(
        st.tuples(st.sampled_from(FIELDS), st.one_of(st.text(max_size=20), st.sampled_from(["1", "2.4", "x", "1.0", "sdist"]))), max_size=12
    ),
    filename=st.text(alphabet=string.printable + "é☃", max_size=30),
    content=st.binary(max_size=50),
)
def test_generated_forms(twin: Twin, fields: list[tuple[str, str]], filename: str, content: bytes) -> None:
    """No generated form makes the twin fail or hang."""
    assert post(twin, form(fields, filename.replace('"', "").replace("\r", "").replace("\n", ""), content)).startswith(b"HTTP/1.1 4")


@given(text=st.one_of(st.text(max_size=60), st.binary(max_size=80).map(lambda data: "pypi-" + base64.urlsafe_b64encode(data).decode())))
def test_generated_tokens_are_none(text: str) -> None:
    """Nothing but a token is read as one, and nothing makes the reader fail."""
    token = read_token(text)

    assert token is None or not token.is_signed_by(b"key")


@given(location=st.text(max_size=200), identifier=st.text(max_size=300), caveats=st.lists(st.lists(st.text(max_size=200)), max_size=4))
def test_tokens_are_read_as_they_were_written(location: str, identifier: str, caveats: list[list[str]]) -> None:
    """A token's text holds all of it, and only its own key signed it."""
    token = make_token(location, identifier, b"key", caveats)

    assert read_token(token.text()) == token
    assert token.is_signed_by(b"key")
    assert not token.is_signed_by(b"other")


def test_twin_is_well_after_all_that(twin: Twin) -> None:
    """After every other test here the log holds no failure of the twin itself."""
    assert [request for request in twin.requests if request.status >= 500] == []
    assert send(twin, b"GET / HTTP/1.1\r\nHost: pypi.org\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 200")
