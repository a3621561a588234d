"""Digests of weights files: the whole file, the bytes after a safetensors header, and each tensor's among them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from auditor.model import Digest

BLOCK = 1 << 20
# Bytes kept of a stretch's SHA-256: chance brings two of 2**32 together once in 2**65 tries.
KEPT = 16
# A stretch where no block begins with so many different bytes among so many is a mask, or all zeros.
_VARIED, _LOOKED_AT = 16, 1024


class Stretches:
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
            self._varied = self._varied or len(set(part[:_LOOKED_AT])) >= _VARIED
            if self._end > after:
                break
            if self._varied:
                self._found.add(self._hash.digest()[:KEPT])
            self._turn()
        self._fed = after

    def digests(self) -> frozenset[bytes]:
        """The first :data:`KEPT` bytes of each digest, but of stretches of few different bytes, or not fed whole."""
        return frozenset(self._found)


def file_digests(file: BinaryIO, header: int = 0, stretches: Stretches | None = None) -> Iterator[Digest]:
    """``sha256`` of the file and, where its header has ``header`` bytes, ``sha256-tensors`` of what follows it.

    The first 12 hex digits of ``sha256-tensors`` are what image tools call AutoV3, the first 10 of
    ``sha256`` AutoV2: a header that is edited changes the second alone. One pass, one block in memory; what
    follows the header is fed to the ``stretches`` too. Raises OSError.
    """
    whole, tensors = hashlib.sha256(), hashlib.sha256()
    file.seek(0)
    left = header
    while left > 0 and (block := file.read(min(BLOCK, left))):
        whole.update(block)
        left -= len(block)
    while block := file.read(BLOCK):
        whole.update(block)
        if header:
            tensors.update(block)
            if stretches:
                stretches.update(block)
    yield Digest("sha256", whole.hexdigest())
    if header and not left:
        yield Digest("sha256-tensors", tensors.hexdigest())
