"""What tries to leave the namespace is counted: connections, packets and questions to name servers; what stays inside is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pypi_runbook.twin import Twin

if TYPE_CHECKING:
    from people import Person

pytest_plugins = ["people"]
pytestmark = pytest.mark.needs("user namespaces")

CONNECT = "import socket; socket.create_connection(({!r}, 443), timeout=5)"
DATAGRAM = "import socket; socket.socket(socket.{}, socket.SOCK_DGRAM).sendto(b'x', ({!r}, 53))"


@pytest.mark.parametrize(
    ("script", "strays"),
    [
        (CONNECT.format("192.0.2.1"), 1),
        (CONNECT.format("2001:db8::1"), 1),
        (DATAGRAM.format("AF_INET", "192.0.2.1"), 1),
        (DATAGRAM.format("AF_INET6", "2001:db8::1"), 1),
        # A name server that listens on this machine's loopback is not in the namespace either.
        (DATAGRAM.format("AF_INET", "127.0.0.53"), 1),
    ],
)
def test_attempt_to_leave_is_counted(twin: Twin, person: Person, script: str, strays: int) -> None:
    """Each way out is one stray, whatever the address and the protocol, and still counted when the command has ended."""
    before = twin.strays
    person.run("python", "-c", script)

    assert twin.strays - before == strays


def test_question_for_an_unknown_name_is_counted(twin: Twin, person: Person) -> None:
    """A client that looks up a host by itself has tried to leave, though no connection follows."""
    before = twin.strays
    done = person.run("python", "-c", "import socket; socket.gethostbyname('example.org')")

    assert "gaierror" in done.stdout
    assert twin.strays > before


@pytest.mark.parametrize("script", [CONNECT.format("upload.pypi.org"), CONNECT.format("localhost"), "import socket; print(socket.getfqdn())"])
def test_what_stays_inside_is_not_counted(twin: Twin, person: Person, script: str) -> None:
    """The twin's hosts, loopback and the machine's own name are no strays."""
    before = twin.strays
    done = person.run("python", "-c", script)

    assert "Error" not in done.stdout
    assert twin.strays == before


def test_person_reads_how_often_something_tried(tmp_path: Path) -> None:
    """The last lines of `twin -- COMMAND` say it."""
    command = [sys.executable, "-m", "pypi_runbook", "twin", "--", sys.executable, "-c", CONNECT.format("192.0.2.1")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert "twin: stopped: 1 attempt to reach something beside the twin, past its proxy\n" in done.stderr
