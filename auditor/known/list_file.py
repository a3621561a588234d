"""Open a list file, compressed or not and in any encoding. Errors name the file."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from auditor.errors import ListError, Unreadable
from auditor.known.private_folder import private_folder
from auditor.syntax.archive_members import ARCHIVE_ERRORS, compression_of, is_zip, open_compressed
from auditor.syntax.text_encoding import detect_wide_encoding, open_as_utf8

_MAGIC_BYTES = 512
_IS_ENCRYPTED = 0x1  # of a zip member's flags


STANDARD_INPUT = "-"
_MEMORY_FOLDER = Path("/dev/shm")  # backed by memory, where there is one


@contextmanager
def list_as_file(path: Path) -> Iterator[Path]:
    """Yield the path of a file that can be read several times: a copy of a pipe, or the list file itself.

    What comes through a pipe or from standard input (``-``) is held in a private file for the time of the block, in
    memory where there is storage for that.

    Raises:
        ListError: It cannot be read, or there is no room for it.
    """
    is_input = os.fspath(path) == STANDARD_INPUT
    if not is_input and not is_stream(path):
        yield path
        return
    with private_folder(memory_folder()) as folder:
        copy = folder / ("stdin" if is_input else path.name)
        try:
            with open(copy, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as out:
                if is_input:
                    shutil.copyfileobj(sys.stdin.buffer, out)
                else:
                    with path.open("rb") as file:
                        shutil.copyfileobj(file, out)
        except OSError as error:
            raise ListError(f"{path}: the list cannot be read into {folder}: {error.strerror or error}") from error
        yield copy


def is_stream(path: Path) -> bool:
    """Return whether the path of a list file is a pipe or a device, which can be read only once."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def memory_folder(needed: int = 0) -> str | None:
    """Return the folder in memory for copies of list files; None if there is none with ``needed`` bytes."""
    if not os.access(_MEMORY_FOLDER, os.W_OK | os.X_OK) or shutil.disk_usage(_MEMORY_FOLDER).free < needed:
        return None
    return str(_MEMORY_FOLDER)


@contextmanager
def open_list_file(path: Path) -> Iterator[BinaryIO]:
    """Open a list file for reading bytes: unpacked, and UTF-16 and UTF-32 as UTF-8. It can seek to its beginning.

    Raises:
        ListError: The file cannot be read, is a damaged archive or one of several files, or whoever reads it raises
            Unreadable. The message names the file.
    """
    try:
        with path.open("rb") as file:
            yield _recode(_unpack(file))
    except Unreadable as error:
        raise ListError(f"{path}: {error}") from error
    except OSError as error:
        raise ListError(f"{path}: the list cannot be read: {error.strerror or error}") from error


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a list file in hex. Raises ListError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ListError(f"{path}: cannot be read: {error.strerror}") from error


class _ReopenedStream(io.RawIOBase):
    """A stream that can only be read forwards, opened anew to go back to its beginning."""

    def __init__(self, open_stream: Callable[[], BinaryIO]) -> None:
        self._open_stream = open_stream
        self._stream = open_stream()
        self._position = 0

    def readable(self) -> bool:
        """Return that the unpacked list file can be read."""
        return True

    def seekable(self) -> bool:
        """Return that the unpacked list file can be read again from its beginning."""
        return True

    def tell(self) -> int:
        """Return the position in the unpacked list file."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go back to the beginning of the unpacked list file, which is opened again."""
        if (offset, whence) != (0, io.SEEK_SET):
            raise io.UnsupportedOperation("only the beginning can be gone back to")
        self._stream = self._open_stream()
        self._position = 0
        return 0

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read bytes of the unpacked list into a buffer. Raises Unreadable if the packed list is damaged."""
        try:
            data = self._stream.read(len(buffer))
        except Unreadable:
            raise
        except ARCHIVE_ERRORS as error:
            raise Unreadable(f"the packed list is damaged: {' '.join(str(error).split())[:120]}") from error
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


def _unpack(file: BinaryIO) -> BinaryIO:
    """Return the content of a compressed list file, or of the only one in a zip; any other list file as it is."""
    head = _head(file)
    compression = compression_of(head)
    if compression:

        def reopen() -> BinaryIO:
            """Open the compressed list file again."""
            file.seek(0)
            return open_compressed(file, compression)

        return io.BufferedReader(_ReopenedStream(reopen))
    if not is_zip(head):
        return file
    try:
        archive = zipfile.ZipFile(file)
        members = [
            member for member in archive.infolist() if not member.is_dir() and "__MACOSX/" not in member.filename
        ]
    except ARCHIVE_ERRORS as error:
        raise Unreadable(f"the packed list is damaged: {error}") from error
    if len(members) != 1:
        raise Unreadable(f"is a zip archive of {len(members):,} files; unpack it and give the list")
    if members[0].flag_bits & _IS_ENCRYPTED:
        raise Unreadable("is an encrypted zip archive; unpack it and give the list")
    return io.BufferedReader(_ReopenedStream(lambda: cast("BinaryIO", archive.open(members[0]))))


def _recode(file: BinaryIO) -> BinaryIO:
    """Return a list file in UTF-16 or UTF-32 as UTF-8, and any other list file as it is."""
    head = _head(file)
    if not detect_wide_encoding(head):
        return file

    def reopen() -> BinaryIO:
        """Open the list file again, as UTF-8."""
        file.seek(0)
        return cast("BinaryIO", open_as_utf8(file, head))

    return io.BufferedReader(_ReopenedStream(reopen))


def _head(file: BinaryIO) -> bytes:
    """Return the first bytes of a list file, and go back to its beginning."""
    head = file.read(_MAGIC_BYTES)
    file.seek(0)
    return head
