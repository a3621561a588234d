"""Digests of weights files: the whole file, the bytes after a safetensors header, and each tensor's among them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from auditor.model import Digest

BLOCK_BYTES = 1 << 20
# Bytes kept of a stretch's SHA-256: chance brings two of 2**32 together once in 2**65 tries.
TENSOR_DIGEST_BYTES = 16
# A stretch where no block begins with so many different bytes among so many is a mask, or all zeros.
_MIN_DISTINCT_BYTES, _INSPECTED_BYTES = 16, 1024


class RangeHasher:
    """Takes the SHA-256 of stretches of a stream that is fed to it from its first byte, block by block.

    ``wanted`` are what is hashed before a stretch, and where it begins and ends: in order, none over another.
    """

    def __init__(self, wanted: Iterable[tuple[bytes, int, int]]) -> None:
        self._wanted = iter(wanted)
        self._found: set[bytes] = set()
        self._fed = 0
        self._turn()

    def _turn(self) -> None:
        before, self._begin, self._end = next(self._wanted, (b"", 1 << 64, 1 << 64))
        self._hash = hashlib.sha256(before)
        self._varied = False

    def update(self, block: bytes) -> None:
        after = self._fed + len(block)
        view = memoryview(block)
        while self._begin < after:
            part = view[max(0, self._begin - self._fed) : self._end - self._fed]
            self._hash.update(part)
            self._varied = self._varied or len(set(part[:_INSPECTED_BYTES])) >= _MIN_DISTINCT_BYTES
            if self._end > after:
                break
            if self._varied:
                self._found.add(self._hash.digest()[:TENSOR_DIGEST_BYTES])
            self._turn()
        self._fed = after

    def digests(self) -> frozenset[bytes]:
        """Return the first :data:`TENSOR_DIGEST_BYTES` bytes of the digest of each range that was fed whole.

        Ranges of few different bytes are left out.
        """
        return frozenset(self._found)


def weight_file_digests(file: BinaryIO, header: int = 0, stretches: RangeHasher | None = None) -> Iterator[Digest]:
    """``sha256`` of the file and, where its header has ``header`` bytes, ``sha256-tensors`` of what follows it.

    The first 12 hex digits of ``sha256-tensors`` are what image tools call AutoV3, the first 10 of
    ``sha256`` AutoV2: a header that is edited changes the second alone. One pass, one block in memory; what
    follows the header is fed to the ``stretches`` too. Raises OSError.
    """
    whole, tensors = hashlib.sha256(), hashlib.sha256()
    file.seek(0)
    left = header
    while left > 0 and (block := file.read(min(BLOCK_BYTES, left))):
        whole.update(block)
        left -= len(block)
    while block := file.read(BLOCK_BYTES):
        whole.update(block)
        if header:
            tensors.update(block)
            if stretches:
                stretches.update(block)
    yield Digest("sha256", whole.hexdigest())
    if header and not left:
        yield Digest("sha256-tensors", tensors.hexdigest())
