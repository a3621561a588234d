"""Temporary folders for what is compiled from lists: for their owner alone, and deleted even after a kill.

A process that is killed deletes nothing. Beside each folder lies a file that its process keeps locked; a folder whose
file is not locked is left over, and the next process that makes one here deletes it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auditor.file_lock import try_lock

_PREFIX, _LOCK_SUFFIX = "auditor-list-", ".lock"
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


@contextmanager
def private_folder(parent: str | os.PathLike[str] | None = None) -> Iterator[Path]:
    """Make a private folder (mode 0700) and delete it at the end of the block; first delete those left over.

    Args:
        parent: Where the folder is made; None: where temporary files are.
    """
    place = Path(parent or tempfile.gettempdir())
    _delete_left_over(place)
    handle, lock = _locked_file(place)
    folder = lock.with_suffix("")
    try:
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)
        lock.unlink(missing_ok=True)


def _locked_file(place: Path) -> tuple[int, Path]:
    """Make the lock file of a private folder, locked until it is closed; return its handle and path."""
    while True:
        handle, name = tempfile.mkstemp(_LOCK_SUFFIX, _PREFIX, place)  # mode 0600
        try:
            is_locked = try_lock(handle)
        except OSError:  # a file system without locks, where nothing can be told to be left over
            is_locked = True
        if is_locked:
            return handle, Path(name)
        os.close(handle)  # another process took it to be left over, and deletes it


def _delete_left_over(place: Path) -> None:
    """Delete the private folders, with their files, of processes that are no more."""
    for lock in place.glob(f"{_PREFIX}*{_LOCK_SUFFIX}"):
        try:
            handle = os.open(lock, os.O_RDWR | _NO_LINK)
        except OSError:  # another user's, or deleted meanwhile
            continue
        try:
            is_own = not hasattr(os, "geteuid") or os.fstat(handle).st_uid == os.geteuid()
            if is_own and try_lock(handle):
                shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
                lock.unlink(missing_ok=True)
        except OSError:  # a file system without locks
            continue
        finally:
            os.close(handle)
