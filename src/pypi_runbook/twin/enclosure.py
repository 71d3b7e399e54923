"""Run a command in an own network and mount namespace, where the twin's hosts are this machine and nothing else exists.

Started as a file with an isolated interpreter, so it imports only the standard library. Two listening sockets of the
namespace go to the twin through a Unix socket; the twin serves them from outside, and so still reads through. The kernel's
counters of this namespace go with them, so that the twin can tell whether something tried to leave.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
COUNTERS = ("/proc/self/net/snmp", "/proc/self/net/snmp6")
CANNOT_ENCLOSE, CANNOT_RUN, NOT_FOUND = 125, 126, 127

libc = ctypes.CDLL(None, use_errno=True)


def main(arguments: list[str]) -> int:
    """Enclose and become the command: SOCKET PORT HOSTS_FILE COMMAND…; with `--probe` only find out whether it is allowed."""
    if arguments == ["--probe"]:
        enter()
        mount("/etc/hosts", "/etc/hosts", MS_BIND)
        return 0
    channel, port, hosts, *command = arguments
    try:
        enter()
        mount(hosts, "/etc/hosts", MS_BIND)
        hand_over(channel, [listen(443), listen(int(port))], counters())
    except OSError as error:
        print(f"twin: the command cannot be enclosed: {error}", file=sys.stderr)  # noqa: T201 (it runs without the library, so without click)
        return CANNOT_ENCLOSE
    return become(command)


def enter() -> None:
    """Leave the network behind: own user, network and mount namespaces, the caller's ids kept, loopback up."""
    uid, gid = os.getuid(), os.getgid()
    check(libc.unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS), "unshare")
    for name, content in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123 (pathlib would double the time to start)
            file.write(content)
    # Mounts made in here must not reach the machine.
    mount("none", "/", MS_REC | MS_PRIVATE)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack("16sh22x", b"lo", 0))
        flags = struct.unpack("16sh22x", request)[1]
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | IFF_UP))


def mount(source: str, target: str, flags: int) -> None:
    """Call mount(2)."""
    check(libc.mount(source.encode(), target.encode(), None, ctypes.c_ulong(flags), None), f"mount {target}")


def listen(port: int) -> socket.socket:
    """Return a socket that listens on this namespace's loopback."""
    listening = socket.create_server(("127.0.0.1", port), backlog=128)
    # Inherited by what the twin accepts: without it, answers wait 40 ms for the client's acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def counters() -> list[int]:
    """Return the kernel's counters of this namespace's network, open: they stay readable when its last process is gone."""
    return [os.open(name, os.O_RDONLY) for name in COUNTERS if os.path.exists(name)]  # noqa: PTH110 (pathlib would double the time to start)


def hand_over(channel: str, listening: list[socket.socket], counting: list[int]) -> None:
    """Give the sockets and the counters to the twin, and wait until it serves them."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(channel)
        socket.send_fds(connection, [b"!"], [*(each.fileno() for each in listening), *counting])
        if connection.recv(1) != b"!":
            raise OSError("the twin does not answer")
    for each in listening:
        each.close()
    for handle in counting:
        os.close(handle)


def become(command: list[str]) -> int:
    """Replace this process by COMMAND; return env(1)'s status when that fails."""
    # Python ignores them, and the command would inherit that.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)  # noqa: S606 (this process becomes the session's shell)
    except FileNotFoundError:
        print(f"twin: {command[0]}: command not found", file=sys.stderr)  # noqa: T201 (it runs without the library, so without click)
        return NOT_FOUND
    except OSError as error:
        print(f"twin: {command[0]}: {error.strerror}", file=sys.stderr)  # noqa: T201 (it runs without the library, so without click)
        return CANNOT_RUN


def check(result: int, what: str) -> None:
    """Raise an OSError when a call of the C library failed."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
