"""Files larger than any memory pass through the twin: its own memory stays flat, and nothing over the limit is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from wire import TwinProcess, form, read_all, right_fields, right_form

from pypi_runbook.rules.sample import make_wheel

MEGABYTE = 1024 * 1024
GROWTH = 24 * 1024
PATTERN = bytes(range(256)) * 4096


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which the twin keeps what it takes."""
    return tmp_path_factory.mktemp("large") / "state"


@pytest.fixture(scope="module")
def process(state: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwinProcess]:
    """Start a twin in its own process, whose memory is nobody else's, and warm it up with a small upload."""
    with TwinProcess("--state", str(state)) as running:
        assert running.door.post(right_form(make_wheel(tmp_path_factory.mktemp("small"), "small"))) == b"HTTP/1.1 200 OK"
        yield running


def test_gigabyte_is_received_in_flat_memory_and_not_kept(process: TwinProcess, state: Path) -> None:
    """A file of 1 GB is read to its end and refused in PyPI's words; never do more than 100 MB of it lie on the disk."""
    before, kept = process.memory(), []
    head, _, tail = form(right_fields(), content=b"|").partition(b"|")
    with process.door.connect() as secure:
        secure.sendall(process.door.upload_head(len(head) + 1024 * MEGABYTE + len(tail)) + head)
        for number in range(1024):
            secure.sendall(PATTERN)
            if number % 32 == 0:
                kept.append(sum(path.stat().st_size for path in (state / "incoming").iterdir()))
        secure.sendall(tail)
        answer = read_all(secure)

    assert re.match(rb"HTTP/1.1 400 File too large. Limit for project 'x' is 100 MB. See https://docs.pypi.org/project-management/st", answer)
    assert 0 < max(kept) <= 100 * MEGABYTE
    assert kept[-1] == 0
    assert list((state / "incoming").iterdir()) == []
    assert process.memory() - before < GROWTH


def test_large_file_is_served_in_flat_memory(process: TwinProcess, state: Path) -> None:
    """A file of 200 MB is handed out whole, to a slow reader too, while the twin's memory stays flat."""
    place = next(state.glob("files/pypi/**/small-1.0-py3-none-any.whl"))
    with place.open("r+b") as file:
        file.truncate(200 * MEGABYTE)
    before, received = process.memory(), 0
    address = f"/{place.relative_to(state / 'files' / 'pypi').as_posix()}"
    with process.door.connect("files.pythonhosted.org") as secure:
        secure.sendall(f"GET {address} HTTP/1.1\r\nHost: files.pythonhosted.org\r\nConnection: close\r\n\r\n".encode())
        while data := secure.recv(MEGABYTE):
            received += len(data)

    assert received > 200 * MEGABYTE
    assert process.memory() - before < GROWTH
