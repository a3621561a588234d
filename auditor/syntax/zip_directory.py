"""Read the names in a zip's directory from the end of the file, and nothing of its members."""

from __future__ import annotations

import struct
from typing import BinaryIO

from auditor.errors import Unreadable

MAGIC = b"PK\x03\x04"
# PyTorch writes about 100 bytes for each tensor.
MAX_DIRECTORY_BYTES = 8 << 20
# The end record has 22 bytes and a comment of at most 65,535.
_TAIL_BYTES = 66_000


def zip_member_names(file: BinaryIO, size: int) -> set[str]:
    """Return the names of the members (PKWARE APPNOTE 4.3.12, 4.3.14, 4.3.16); ``size`` is that of the file.

    Raises:
        Unreadable: The directory is missing, too large or outside the file.
        OSError: The file cannot be read.
    """
    file.seek(max(0, size - _TAIL_BYTES))
    tail = file.read(_TAIL_BYTES)
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) - end < 22:
        raise Unreadable("a zip without its directory: cut off")
    length, start = struct.unpack_from("<II", tail, end + 12)
    zip64_end = tail.rfind(b"PK\x06\x06", 0, end)
    if 0xFFFFFFFF in (length, start) and zip64_end >= 0 and end - zip64_end >= 56:
        length, start = struct.unpack_from("<QQ", tail, zip64_end + 40)
    if length > MAX_DIRECTORY_BYTES or start + length > size:
        raise Unreadable("a zip whose directory is larger than is read, or lies outside the file")
    file.seek(start)
    directory = file.read(length)
    names: set[str] = set()
    position = 0
    while directory[position : position + 4] == b"PK\x01\x02" and position + 46 <= len(directory):
        name, extra, comment = struct.unpack_from("<HHH", directory, position + 28)
        names.add(directory[position + 46 : position + 46 + name].decode("utf-8", "replace"))
        position += 46 + name + extra + comment
    return names
