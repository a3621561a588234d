"""Lock a file for this process: the system releases the lock when the process ends, however it ends."""

from __future__ import annotations

import sys


def try_lock(file: int) -> bool:
    """Take the lock of an open file, and return False if another process, or another open file of this one, has it.

    Raises:
        OSError: The file system has no locks.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
