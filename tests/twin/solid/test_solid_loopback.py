"""No socket of a twin can be reached from another machine, whatever the twin has been asked for."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from wire import TwinProcess

from pypi_runbook.twin import Twin

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc tells which sockets a process has, and only Linux has it")

LOOPBACK = {"0100007F", "00000000000000000000000001000000"}
# What a client sees inside: every listening socket of its network.
INSIDE = (
    "import pathlib; print(*(line for name in ('tcp', 'tcp6') for line in pathlib.Path('/proc/net', name).read_text().splitlines()[1:]), sep='\\n')"
)


def sockets(process: int) -> set[str]:
    """Return the inodes of all sockets of a process."""
    names = [str(path.readlink()) for path in Path(f"/proc/{process}/fd").iterdir() if path.is_symlink()]
    return {match[1] for name in names if (match := re.fullmatch(r"socket:\[(\d+)\]", name))}


def listening(lines: list[str]) -> dict[str, str]:
    """Return inode and address of every listening TCP socket, and of every UDP socket, in LINES of /proc/net."""
    fields = [line.split() for line in lines]
    return {each[9]: each[1].rpartition(":")[0] for each in fields if len(each) > 9 and each[3] in ("0A", "07")}


def network(process: int, *kinds: str) -> list[str]:
    """Return the lines of /proc/net of a process."""
    return [line for kind in kinds for line in Path(f"/proc/{process}/net/{kind}").read_text().splitlines()[1:]]


def test_every_listening_socket_is_on_loopback() -> None:
    """All listening sockets of the process, UDP ones too, have a loopback address, and there is more than one."""
    with TwinProcess() as twin:
        assert twin.door.get("pypi.org", "/")[0] == 200
        own = sockets(twin.process.pid)
        found = listening(network(twin.process.pid, "tcp", "tcp6", "udp", "udp6"))
    addresses = [address for inode, address in found.items() if inode in own]

    assert len(addresses) >= 2
    assert set(addresses) <= LOOPBACK


@pytest.mark.needs("user namespaces")
def test_sockets_of_a_namespace_are_on_its_loopback(tmp_path: Path) -> None:
    """Inside a namespace the twin listens on loopback only, too."""
    with Twin.start() as twin:
        done = subprocess.run(twin.wrap([sys.executable, "-c", INSIDE]), cwd=tmp_path, capture_output=True, text=True, check=True)

    assert len(listening(done.stdout.splitlines())) == 2
    assert set(listening(done.stdout.splitlines()).values()) == {"0100007F"}
