"""Read the directory at the end of a zip: how many members it claims and their names, nothing of the members."""

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


def claimed_member_count(file: BinaryIO, size: int) -> int:
    """Return how many members the end record of a zip of ``size`` bytes claims (APPNOTE 4.3.14 to 4.3.16).

    It is asked before zipfile lists them all.
    """
    file.seek(max(0, size - 65_557 - 20))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise Unreadable("a zip without its end: it is cut short")
    entries = int.from_bytes(tail[at + 10 : at + 12], "little")
    if entries == 0xFFFF and at >= 20 and tail[at - 20 : at - 16] == b"PK\x06\x07":
        offset = int.from_bytes(tail[at - 12 : at - 4], "little")
        if offset < size:
            file.seek(offset)
            record = file.read(56)
            entries = int.from_bytes(record[32:40], "little") if record[:4] == b"PK\x06\x06" else entries
    file.seek(0)
    return entries
