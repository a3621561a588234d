"""Opens and reads a list file, so that whatever cannot be read in it is an error that names the file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from auditor.errors import ListError, Unreadable


@contextmanager
def open_list_file(path: Path) -> Iterator[BinaryIO]:
    """Open the file for reading bytes. Raises ListError, with its name, for what cannot be read while it is open."""
    try:
        with path.open("rb") as file:
            yield file
    except Unreadable as error:
        raise ListError(f"{path}: {error}") from error
    except OSError as error:
        raise ListError(f"{path}: the list cannot be read: {error.strerror or error}") from error


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hex. Raises ListError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ListError(f"{path}: cannot be read: {error.strerror}") from error
