"""Whatever arrives gets an answer in the 400s: no 500, no hang, nothing written outside the store."""

from __future__ import annotations

import base64
import gc
import socket
import ssl
import threading
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire import BOUNDARY, Door, form, right_fields, right_form

from pypi_runbook.rules.sample import make_wheel
from pypi_runbook.twin import Twin, intake, server
from pypi_runbook.twin.tokens import make_token, read_token

pytest_plugins = ["people"]

NOT_PRINTABLE = b"HTTP/1.1 400 Cannot upload a file with non-printable characters (ordinals 0-31) or the DEL character (ordinal 127) in the name."
HEADERS = b"Host: upload.pypi.org\r\nConnection: close\r\n"


@pytest.fixture(scope="module")
def door(twin: Twin) -> Door:
    """Return the way into the module's twin."""
    return Door.of(twin)


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
def test_malformed_requests(door: Door, data: bytes) -> None:
    """A request that is not one, or asks for what is not there, gets a 4xx."""
    assert door.send(data).startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", BOUNDARY),
        (b"--x", BOUNDARY),
        (b"--x\r\n\r\n\r\n--x--\r\n", BOUNDARY),
        (b"--y--", BOUNDARY),
        (b"--x--", "multipart/form-data"),
        (b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y--\r\n--x--\r\n", BOUNDARY),
        (
            b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%\r\n--x--\r\n',
            BOUNDARY,
        ),
        (b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Encoding: gzip\r\n\r\n%%%\r\n--x--\r\n', BOUNDARY),
        (b"a=1", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (form([]) + form([]), BOUNDARY),
    ],
)
def test_malformed_forms(door: Door, body: bytes, kind: str) -> None:
    """A form that cannot be read, or lacks everything, gets a 4xx."""
    assert door.post(body, kind).startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize(
    "filename", ["../x.whl", "/etc/x.whl", "a\\b.whl", "x.exe", "x" * 300 + "-1.0-py3-none-any.whl", "\x7f.whl", "é.whl", ".whl", "x-1.0"]
)
def test_file_names_that_are_paths_or_worse(twin: Twin, door: Door, tmp_path: Path, filename: str) -> None:
    """A file name never becomes a place on this machine."""
    content = make_wheel(tmp_path, "x").read_bytes()
    fields = right_fields(content)
    uploads = twin.uploads("pypi")

    assert door.post(form(fields, filename, content)).startswith(b"HTTP/1.1 400 ")
    assert twin.uploads("pypi") == uploads


def test_zip_bomb_is_refused(door: Door, tmp_path: Path) -> None:
    """An archive that would swell beyond measure is refused unopened."""
    path = make_wheel(tmp_path, "x")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr("x.bin", bytes(80 * 1024 * 1024))
    content = path.read_bytes()
    answer = door.post(form(right_fields(content), path.name, content))

    assert answer == b"HTTP/1.1 400 Invalid distribution file. File exceeds compression ratio of 50"


@pytest.mark.parametrize("character", [*(chr(number) for number in (0, 1, 9, 11, 27, 31, 127))])
def test_control_characters_in_a_file_name(door: Door, tmp_path: Path, character: str) -> None:
    """A file name that no terminal could show is refused in PyPI's words, not in those of an HTTP library."""
    content = make_wheel(tmp_path, "x").read_bytes()

    assert door.post(form(right_fields(content), f"x{character}-1.0-py3-none-any.whl", content)) == NOT_PRINTABLE


def test_control_characters_that_come_back_in_a_message(door: Door) -> None:
    """A refusal repeats what was sent; what no status line may hold is a blank there."""
    body = form(right_fields()).replace(b'name="version"', b'name="a\x0b\x7fb"; filename="c"')

    assert door.post(body) == b"HTTP/1.1 400 a  b: Should not be a tuple."


def test_clients_that_leave_before_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    """A client that does not wait leaves no word about the twin's insides behind, whenever Python collects its garbage."""
    ended = threading.Event()

    def collect() -> None:
        while not ended.is_set():
            gc.collect()

    # What is there already need not be looked through each time.
    gc.freeze()
    collector = threading.Thread(target=collect)
    with Twin.start() as twin:
        door = Door.of(twin)
        collector.start()
        for _ in range(80):
            with door.connect("pypi.org") as secure:
                secure.sendall(b"GET / HTTP/1.1\r\nHost: pypi.org\r\n\r\n")
        ended.set()
        collector.join(60)
    gc.unfreeze()

    assert [record for record in caplog.records if record.name == "asyncio"] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\r\n", b"\n"),
        (b"--x\r\n", b"--x \t\r\n"),
        (b'--x\r\nContent-Disposition: form-data; name=":action"', b"preamble\r\n--x\r\ncontent-disposition:form-data;\r\n name=:action"),
        (b"\r\n--x--\r\n", b"\r\n--x--"),
        (b"\r\n--x--\r\n", b"\r\n--x--\r\nepilogue"),
        (b"application/octet-stream", b"application/octet-stream; x=y"),
    ],
)
def test_forms_that_are_written_otherwise(door: Door, tmp_path: Path, old: bytes, new: bytes) -> None:
    """What PyPI's form reader understands, the twin understands: other line ends, spaces, folded headers, text around the parts."""
    body = right_form(make_wheel(tmp_path, "written", f"1.{zlib.crc32(old + new)}"))
    head, middle, tail = body.partition(b"\r\n\r\nPK")
    changed = head.replace(old, new) + middle + tail.removesuffix(b"\r\n--x--\r\n") + b"\r\n--x--\r\n".replace(old, new)

    assert door.post(changed) == b"HTTP/1.1 200 OK"


def test_last_of_two_files_counts(twin: Twin, door: Door, tmp_path: Path) -> None:
    """Of two files in one form the last one is taken, as PyPI does, and nothing of the first one stays."""
    first, last = make_wheel(tmp_path, "written"), make_wheel(tmp_path, "written", "2.0")
    body = form([], first.name, first.read_bytes()).removesuffix(b"--x--\r\n") + right_form(last)

    assert door.post(body) == b"HTTP/1.1 200 OK"
    assert [file.filename for file in twin.uploads("pypi") if file.version in ("1.0", "2.0")] == [last.name]
    assert list((twin.authority.parent / "state" / "incoming").iterdir()) == []


@pytest.mark.parametrize("path", ["/legacy/", "/_/oidc/mint-token"])
def test_header_flood(door: Door, path: str) -> None:
    """Thousands of headers, or one that never ends, get a 4xx and an end of the connection."""
    start = f"POST {path} HTTP/1.1\r\n".encode() + HEADERS
    for flood in (b"".join(b"X-%d: y\r\n" % number for number in range(100_000)), b"X: " + b"y" * 3_000_000):
        with door.connect() as secure:
            answer = b""
            try:
                secure.sendall(start + flood + b"\r\n")
                answer = secure.recv(100)
            except (ConnectionError, ssl.SSLEOFError):
                # Closed while the flood was still coming; TLS has a name of its own for that.
                continue
            assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))


@pytest.mark.parametrize("part", ["tunnel", "head", "upload", "token", "local"])
def test_client_that_stops_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    """A client that begins and then sends nothing more gets 408 or an end, and others are served meanwhile."""
    monkeypatch.setattr(intake, "STALL_SECONDS", 0.3)
    monkeypatch.setattr(server, "IDLE_SECONDS", 0.3)
    monkeypatch.setattr("pypi_runbook.twin.tunnel.HEAD_SECONDS", 0.3)
    wanted = {"upload": b"HTTP/1.1 408", "token": b"HTTP/1.1 408", "local": b"HTTP/1.1 408"}.get(part, b"")
    with Twin.start() as twin:
        door = Door.of(twin)
        starts = {
            "tunnel": b"CONNECT upload.py",
            "head": b"POST /legacy/ HTTP/1.1\r\nHost: upl",
            "upload": door.upload_head(5000) + right_form(make_wheel(tmp_path, "x"))[:300],
            "token": b"POST /_/oidc/mint-token HTTP/1.1\r\nContent-Length: 10\r\n" + HEADERS + b"\r\n{",
            "local": b"POST /control/x/y HTTP/1.1\r\nContent-Length: 10\r\n" + HEADERS + b"\r\n{",
        }
        plain = part in ("tunnel", "local")
        with socket.create_connection(("127.0.0.1", door.port), timeout=20) if plain else door.connect() as connection:
            connection.sendall(starts[part])
            assert door.get("pypi.org", "/")[0] == 200
            assert connection.recv(100).startswith(wanted) if wanted else not connection.recv(100)


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


def test_twin_is_well_after_all_that(twin: Twin, door: Door) -> None:
    """After every other test here the log holds no failure of the twin itself."""
    assert [request for request in twin.requests if request.status >= 500] == []
    assert door.get("pypi.org", "/")[0] == 200
