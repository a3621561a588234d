"""Compute digests of weight files: of the whole file, of the bytes after a safetensors header, of single tensors."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from auditor.model import Digest

BLOCK_BYTES = 1 << 20
# Bytes kept of a range's SHA-256: among 2**32 ranges two are equal by chance with a probability of 2**-65.
TENSOR_DIGEST_BYTES = 16
# The first bytes of a range by which it may be ignored: 64 rows of 1,024 values of 32 bits.
HEAD_BYTES = 256 << 10
# A range is a mask or all zeros if no block begins with this many distinct bytes among the bytes inspected.
_MIN_DISTINCT_BYTES, _INSPECTED_BYTES = 16, 1024


class RangeHasher:
    """Computes the SHA-256 of byte ranges (tensors) of a stream that is fed block by block from its first byte.

    Args:
        wanted: Yields, in the order of the stream and without overlaps, the bytes to hash before a range, and the
            range's first byte and end.
        is_ignored: Returns whether a range gets no digest, from its number and its first HEAD_BYTES.
    """

    def __init__(
        self, wanted: Iterable[tuple[bytes, int, int]], is_ignored: Callable[[int, bytes], bool] = lambda _, __: False
    ) -> None:
        self._wanted = iter(wanted)
        self._is_ignored = is_ignored
        self._number = -1
        self._found: set[bytes] = set()
        self._fed = 0
        self._start_next_range()

    def _start_next_range(self) -> None:
        """Start the digest of the next wanted range of a weight file."""
        before, self._begin, self._end = next(self._wanted, (b"", 1 << 64, 1 << 64))
        self._hash = hashlib.sha256(before)
        self._has_content = False
        self._head = bytearray()
        self._number += 1

    def update(self, block: bytes) -> None:
        """Take the next block of the weight file's stream."""
        after = self._fed + len(block)
        view = memoryview(block)
        while self._begin < after:
            part = view[max(0, self._begin - self._fed) : self._end - self._fed]
            self._hash.update(part)
            self._has_content = self._has_content or len(set(part[:_INSPECTED_BYTES])) >= _MIN_DISTINCT_BYTES
            self._head += part[: max(0, HEAD_BYTES - len(self._head))]
            if self._end > after:
                break
            if self._has_content and not self._is_ignored(self._number, bytes(self._head)):
                self._found.add(self._hash.digest()[:TENSOR_DIGEST_BYTES])
            self._start_next_range()
        self._fed = after

    def digests(self) -> frozenset[bytes]:
        """Return the first :data:`TENSOR_DIGEST_BYTES` bytes of the digest of each range that was fed whole.

        Ranges of few different bytes are left out.
        """
        return frozenset(self._found)


def weight_file_digests(file: BinaryIO, header: int = 0, ranges: RangeHasher | None = None) -> Iterator[Digest]:
    """Yield ``sha256`` of the file and, for a file with a header, ``sha256-tensors`` of the bytes after the header.

    The first 12 hex digits of ``sha256-tensors`` are what image tools call AutoV3, and the first 10 of ``sha256`` are
    AutoV2. An edited header changes only the second. The file is read once, one block at a time.

    Args:
        file: The weight file.
        header: The length of its header in bytes; 0 if it has none.
        ranges: Is fed the bytes after the header, if given.

    Raises:
        OSError: The file cannot be read.
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
            if ranges:
                ranges.update(block)
    yield Digest("sha256", whole.hexdigest())
    if header and not left:
        yield Digest("sha256-tensors", tensors.hexdigest())
