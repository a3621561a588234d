"""Compute exact digests, MD5 and the SHA family, in one pass over the bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from typing import BinaryIO

from auditor.errors import Unreadable

CRYPTOGRAPHIC_ALGORITHMS = ("md5", "sha1", "sha256", "sha512")

# hashlib releases the GIL above 2 KiB; a chunk larger than the cache of a core is slower.
_CHUNK_BYTES = 1 << 18


def exact_digests(data: bytes, algorithms: Collection[str]) -> Mapping[str, bytes]:
    """Return the exact digests of these bytes by algorithm; algorithms that are not exact are ignored."""
    return {
        name: hashlib.new(name, data, usedforsecurity=False).digest()
        for name in CRYPTOGRAPHIC_ALGORITHMS
        if name in algorithms
    }


def exact_digests_of_stream(file: BinaryIO, algorithms: Collection[str]) -> Mapping[str, bytes]:
    """Return the exact digests of a file of any length, in constant memory. Raises Unreadable if it cannot be read."""
    hashes = {name: hashlib.new(name, usedforsecurity=False) for name in CRYPTOGRAPHIC_ALGORITHMS if name in algorithms}
    buffer = memoryview(bytearray(_CHUNK_BYTES))
    try:
        while count := file.readinto(buffer):  # type: ignore[attr-defined]
            for digest in hashes.values():
                digest.update(buffer[:count])
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from error
    return {name: digest.digest() for name, digest in hashes.items()}


def exact_digests_of_pieces(pieces: Iterable[bytes], algorithms: Collection[str]) -> Mapping[str, bytes]:
    """Return the exact digests of bytes that come in pieces; errors of the iterator are raised unchanged."""
    hashes = {name: hashlib.new(name, usedforsecurity=False) for name in CRYPTOGRAPHIC_ALGORITHMS if name in algorithms}
    for piece in pieces:
        for digest in hashes.values():
            digest.update(piece)
    return {name: digest.digest() for name, digest in hashes.items()}
