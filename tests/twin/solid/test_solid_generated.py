"""Generated requests to every site of the twin: each is answered below 500, and the twin is as good as before."""

from __future__ import annotations

import http.client
import os
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from garbage import LOCAL, Sent, requests
from hypothesis import given, settings
from wire import UPLOADS, Door, right_form

from pypi_runbook.rules.sample import make_wheel
from pypi_runbook.twin import Twin

# 10 000 in the large profile.
REQUESTS = 2 * settings().max_examples


class Lines:
    """Two connections, to the local face and to all others, kept while the twin keeps them."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._open: dict[bool, socket.socket] = {}

    def ask(self, sent: Sent) -> tuple[int, bytes]:
        """Send one request; return the answer's status and body, or 0 when the twin closed the connection without one."""
        local = sent.host == LOCAL
        if sent.alone:
            self._drop(local)
        kept = local in self._open
        try:
            return self._answer(local, sent)
        except ConnectionError:
            self._drop(local)
            # The twin may have closed it after the answer before.
            return self.ask(sent) if kept else (0, b"")

    def close(self) -> None:
        """Close them all."""
        for local in list(self._open):
            self._drop(local)

    def _answer(self, local: bool, sent: Sent) -> tuple[int, bytes]:
        if local not in self._open:
            self._open[local] = socket.create_connection((LOCAL, self._door.port), timeout=20) if local else self._door.connect()
        self._open[local].sendall(sent.data)
        answer = http.client.HTTPResponse(self._open[local], method=sent.method or "GET")
        answer.begin()
        body = answer.read()
        if answer.will_close or sent.alone:
            self._drop(local)
        return answer.status, body

    def _drop(self, local: bool) -> None:
        if connection := self._open.pop(local, None):
            connection.close()


@pytest.fixture
def outer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An outer machine whose index is an empty folder, so that nothing is read from outside."""
    for name in [name for name in os.environ if name.startswith("PIP_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    (tmp_path / "index").mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", f"file://{tmp_path}/index")
    monkeypatch.setenv("PYPI_RUNBOOK_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def twin(outer: Path) -> Iterator[Twin]:
    """A twin whose state lies some folders deep, so that a path that climbs out of it ends where the test looks."""
    with Twin.start(outer / "a" / "b" / "c" / "state") as running:
        yield running


def test_generated_requests(twin: Twin, outer: Path) -> None:
    """No request is answered with a fault of the twin, none is left without an answer, none leaves a file outside the store."""
    door = Door.of(twin)
    secret = twin.environment(outer, outer)["PYPI_RUNBOOK_TWIN"].rpartition("/")[2]
    # With the project there, uploads get past the limit of new projects an hour, and so as far as to their archives.
    assert door.post(right_form(make_wheel(outer, "x", version="0.9"))) == b"HTTP/1.1 200 OK"
    lines, seen = Lines(door), Counter[tuple[str, int]]()

    @settings(max_examples=REQUESTS)
    @given(requests(door, secret))
    def send(sent: Sent) -> None:
        status, body = lines.ask(sent)
        seen[sent.host, status] += 1
        assert status < 500, (status, body)
        assert status >= 200 or sent.alone

    send()
    lines.close()

    assert [request for request in twin.requests if request.status >= 500] == []
    assert {host for host, status in seen if status < 300} >= {UPLOADS, "pypi.org"}
    assert sum(count for (_, status), count in seen.items() if status >= 400) > seen.total() / 2
    twin.clear()
    assert door.post(right_form(make_wheel(outer, "afterwards"))) == b"HTTP/1.1 200 OK"
    assert files_beside_the_store(outer) == {"afterwards-1.0-py3-none-any.whl", "x-0.9-py3-none-any.whl"}
    assert list((outer / "a/b/c/state/incoming").iterdir()) == []


def files_beside_the_store(outer: Path) -> set[str]:
    """Return the files that lie neither in the store nor in the cache of what was read from outside."""
    files = {path for path in outer.rglob("*") if path.is_file()}
    store = {path for path in files if path.is_relative_to(outer / "a/b/c/state")}
    assert all(path.parent.name in ("state", "incoming") or path.is_relative_to(outer / "a/b/c/state/files") for path in store)
    return {path.name for path in files - store if not path.is_relative_to(outer / "cache")}
