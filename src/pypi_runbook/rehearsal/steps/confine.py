"""Become a command for which this machine is read-only: WRITABLE… -- PROTECTED… -- COMMAND…

WRITABLE are the folders of a job; beside them only what is for everybody's temporary files can be written. PROTECTED folders
stay read-only even there. Where the kernel does not allow it, the command runs as it is. Started as a file with an isolated
interpreter, so it imports only the standard library.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
# The same number on every architecture, like all that came after Linux 5.0.
MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, READ_ONLY = 442, -100, 0x8000, 1
SCRATCH = ("/tmp", "/var/tmp")  # noqa: S108 (scripts write there on GitHub too)
SYSTEM = ("/dev", "/dev/shm", "/dev/pts", "/proc", "/proc/sys", "/sys")  # noqa: S108 (what was read-only before stays so)

libc = ctypes.CDLL(None, use_errno=True)


def main(arguments: list[str]) -> None:
    """Make the machine read-only if that is allowed, then become the command."""
    # The command may have more of them.
    first = arguments.index("--")
    second = arguments.index("--", first + 1)
    writable, protected, command = arguments[:first], arguments[first + 1 : second], arguments[second + 1 :]
    here = os.getcwd()  # noqa: PTH109 (pathlib would double the time to start)
    with suppress(OSError):
        enter()
        confine(writable, [folder for folder in protected if folder != "/"])
    # This process still stands in the folder below the new mounts.
    os.chdir(here)
    # Python ignores them, and the command would inherit that.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.execvp(command[0], command)  # noqa: S606 (this process becomes the command)


def enter() -> None:
    """Enter own user and mount namespaces with the caller's ids."""
    uid, gid = os.getuid(), os.getgid()
    call("unshare", CLONE_NEWUSER | CLONE_NEWNS)
    for name, content in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123 (pathlib would double the time to start)
            file.write(content)
    call("mount", b"none", b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None)


def confine(writable: list[str], protected: list[str]) -> None:
    """Make every mount read-only but WRITABLE and the scratch folders outside of PROTECTED."""
    scratch = [folder for folder in SCRATCH if os.path.isdir(folder)]  # noqa: PTH112
    # Mounts of their own, the later ones above the earlier.
    for folder in [*scratch, *protected, *writable]:
        name = os.fsencode(folder)
        call("mount", name, name, None, ctypes.c_ulong(MS_BIND | MS_REC), None)
    set_attributes("/", AT_RECURSIVE, READ_ONLY, 0)
    for folder in [*scratch, *writable]:
        set_attributes(folder, 0, 0, READ_ONLY)
    for folder in SYSTEM:
        with suppress(OSError):
            set_attributes(folder, 0, 0, READ_ONLY)


def set_attributes(folder: str, flags: int, wanted: int, cleared: int) -> None:
    """Call mount_setattr(2) for the mount at FOLDER, with AT_RECURSIVE also for those below."""
    attributes = (ctypes.c_uint64 * 4)(wanted, cleared, 0, 0)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    call("syscall", ctypes.c_long(MOUNT_SETATTR), AT_FDCWD, os.fsencode(folder), flags, attributes, size)


def call(name: str, *arguments: object) -> None:
    """Call a function of the C library; raise an OSError when it fails."""
    if getattr(libc, name)(*arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


if __name__ == "__main__":
    main(sys.argv[1:])
