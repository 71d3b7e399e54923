"""Become a command for which some folders are read-only: SANDBOX SEEN HIDDEN FOLDER… -- COMMAND…

A session puts the real checkout and the real HOME out of reach this way, where user namespaces are allowed; elsewhere the
command runs as it is, and the session compares files. In the place of the folder HIDDEN the command sees SEEN, unless both
are empty. Started as a file with an isolated interpreter: standard library only.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE, MS_RELATIME = 1, 32, 4096, 16384, 1 << 18, 1 << 21
# nosuid, nodev, noexec, noatime, nodiratime: the same bits for statvfs(3) and mount(2); a namespace may not drop them.
KEPT, ST_RELATIME = 2 | 4 | 8 | 1024 | 2048, 4096


def main(arguments: list[str]) -> None:
    """Protect the folders if that is allowed, then become the command."""
    end = arguments.index("--")
    sandbox, seen, hidden, *folders = arguments[:end]
    command = arguments[end + 1 :]
    if sys.platform == "linux":
        try:
            enter()
            for folder in folders:
                bind(folder, MS_RDONLY)
            # Last, since the sandbox may lie in one of them.
            bind(sandbox, 0)
            if seen:
                bind(seen, MS_RDONLY, hidden)
        except OSError as error:
            print(f"the checkout and HOME are not read-only for this session: {error}", file=sys.stderr)  # noqa: T201 (it runs without the library, so without click)
    # Python ignores them, and the command would inherit that.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.execvp(command[0], command)  # noqa: S606 (this process becomes the session's shell)


def enter() -> None:
    """Enter own user and mount namespaces with the caller's ids."""
    uid, gid = os.getuid(), os.getgid()
    call("unshare", CLONE_NEWUSER | CLONE_NEWNS)
    for name, content in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123 (pathlib would double the time to start)
            file.write(content)
    call("mount", b"none", b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None)


def bind(folder: str, extra: int, place: str = "") -> None:
    """Mount FOLDER over PLACE, itself unless given, with its own flags and EXTRA ones."""
    flags = os.statvfs(folder).f_flag
    kept = (flags & KEPT) | (MS_RELATIME if flags & ST_RELATIME else 0)
    source, name = os.fsencode(folder), os.fsencode(place or folder)
    call("mount", source, name, None, ctypes.c_ulong(MS_BIND), None)
    call("mount", b"none", name, None, ctypes.c_ulong(MS_REMOUNT | MS_BIND | kept | extra), None)


def call(name: str, *arguments: object) -> None:
    """Call a function of the C library; raise an OSError when it fails."""
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


if __name__ == "__main__":
    main(sys.argv[1:])
