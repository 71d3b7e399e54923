"""The operating system's lock on an open file: it ends with its process, however that ends."""

from __future__ import annotations

import sys


def try_lock(descriptor: int) -> bool:
    """Lock the file behind DESCRIPTOR until it is closed or its process ends; tell whether nobody else has it.

    OSError where the file system knows no locks.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
