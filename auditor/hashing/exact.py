"""Exact digests: MD5 and the SHA family, all in one pass over the bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import BinaryIO

from auditor.errors import Unreadable

CRYPTOGRAPHIC_ALGORITHMS = ("md5", "sha1", "sha256", "sha512")

# hashlib lets go of the GIL above 2 KiB; more than fits a core's cache only makes it slower.
_CHUNK_BYTES = 1 << 18


def exact_digests(data: bytes, algorithms: Collection[str]) -> Mapping[str, bytes]:
    """The digests of these bytes, by algorithm; algorithms that are not exact are left out."""
    return {
        name: hashlib.new(name, data, usedforsecurity=False).digest()
        for name in CRYPTOGRAPHIC_ALGORITHMS
        if name in algorithms
    }


def exact_digests_of_stream(file: BinaryIO, algorithms: Collection[str]) -> Mapping[str, bytes]:
    """The same of a file of any length, in flat memory. Raises :class:`Unreadable`."""
    hashes = {name: hashlib.new(name, usedforsecurity=False) for name in CRYPTOGRAPHIC_ALGORITHMS if name in algorithms}
    buffer = memoryview(bytearray(_CHUNK_BYTES))
    try:
        while count := file.readinto(buffer):  # type: ignore[attr-defined]
            for each in hashes.values():
                each.update(buffer[:count])
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from error
    return {name: each.digest() for name, each in hashes.items()}
