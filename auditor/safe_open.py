"""Open a file that was listed before, without following a link that has taken its place."""

from __future__ import annotations

import errno
import os
import stat

from auditor.errors import Unreadable

# Windows has no links without a right to make them, no named pipes among files, and none of the last three flags.
_OPEN_FLAGS = os.O_RDONLY
for _flag in ("O_BINARY", "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY"):
    _OPEN_FLAGS |= getattr(os, _flag, 0)
# What opening a link or a socket with these flags fails with.
_IS_NO_FILE = frozenset({errno.ELOOP, errno.EMLINK, errno.ENXIO})
_REPLACED = "changed since it was listed: it is no regular file any more"


def open_regular_file(path: str, flags: int = 0) -> int:
    """Open a regular file for reading: no link in its place is followed, no pipe is waited for. An opener of ``open``.

    Raises:
        Unreadable: Something else is there.
        OSError: It cannot be opened.
    """
    try:
        file = os.open(path, _OPEN_FLAGS)
    except OSError as error:
        if error.errno in _IS_NO_FILE:
            raise Unreadable(_REPLACED) from error
        raise
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise Unreadable(_REPLACED)
    return file
