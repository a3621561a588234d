"""Compute digests of weight files: of the whole file, of the bytes after a safetensors header, of single tensors."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import BinaryIO, Protocol

from auditor.errors import Unreadable
from auditor.model import Digest

BLOCK_BYTES = 1 << 20
# AutoV1 is the SHA-256 of 64 KiB from 1 MiB on (AUTOMATIC1111/stable-diffusion-webui: sd_models.model_hash).
_AUTOV1_START, _AUTOV1_BYTES = 0x100000, 0x10000
# Bytes kept of a range's SHA-256: among 2**32 ranges two are equal by chance with a probability of 2**-65.
TENSOR_DIGEST_BYTES = 16
# The first bytes of a range by which it may be ignored: 64 rows of 1,024 values of 32 bits.
HEAD_BYTES = 256 << 10
# A range is a mask or all zeros if no block begins with this many distinct bytes among the bytes inspected.
_MIN_DISTINCT_BYTES, _INSPECTED_BYTES = 16, 1024


class _Hasher(Protocol):
    """A hash of a file that is fed block by block."""

    def update(self, block: bytes, /) -> object: ...
    def hexdigest(self) -> str: ...


class _Crc32:
    """CRC-32 of a weight file, with the methods of hashlib's objects."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, block: bytes, /) -> None:
        """Take the next block."""
        self._value = zlib.crc32(block, self._value)

    def hexdigest(self) -> str:
        """Return the checksum of what was fed, as 8 hex digits."""
        return f"{self._value:08x}"


def _blake3() -> _Hasher:
    """Return a BLAKE3 hasher of a weight file; the package is loaded only where it is asked for."""
    from blake3 import blake3

    hasher: _Hasher = blake3()
    return hasher


_HASHERS: Mapping[str, Callable[[], _Hasher]] = {"sha256": hashlib.sha256, "blake3": _blake3, "crc32": _Crc32}


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


def weight_file_digests(
    file: BinaryIO,
    header: int = 0,
    ranges: RangeHasher | None = None,
    algorithms: Collection[str] = ("sha256",),
) -> Iterator[Digest]:
    """Yield these digests of the file: ``sha256``, ``blake3``, ``crc32``, ``autov1``; others are left out.

    With ``sha256`` comes ``sha256-tensors`` of the bytes after the header, for a file with one. Its first 12 hex digits
    are what image tools call AutoV3, and the first 10 of ``sha256`` are AutoV2. An edited header changes only the
    second. The file is read once, one block at a time; for ``autov1`` alone only 64 KiB of it are.

    Args:
        file: The weight file.
        header: The length of its header in bytes; 0 if it has none.
        ranges: Is fed the bytes after the header, if given.
        algorithms: The digests that are wanted.

    Raises:
        OSError: The file cannot be read.
    """
    if "autov1" in algorithms:
        file.seek(_AUTOV1_START)
        yield Digest("autov1", hashlib.sha256(file.read(_AUTOV1_BYTES)).hexdigest()[:8])
    whole = {name: make() for name, make in _HASHERS.items() if name in algorithms}
    if not whole and not ranges:
        return
    tensors = hashlib.sha256() if header and "sha256" in algorithms else None
    file.seek(0)
    left = header
    while left > 0 and (block := file.read(min(BLOCK_BYTES, left))):
        for hasher in whole.values():
            hasher.update(block)
        left -= len(block)
    while block := file.read(BLOCK_BYTES):
        for hasher in whole.values():
            hasher.update(block)
        if tensors:
            tensors.update(block)
        if header and ranges:
            ranges.update(block)
    for name, hasher in whole.items():
        yield Digest(name, hasher.hexdigest())
    if tensors and not left:
        yield Digest("sha256-tensors", tensors.hexdigest())


def xet_digest(path: str) -> Digest:
    """Return the content address that the Xet storage of a hub gives to a file of this machine.

    It is computed here, by hf_xet; nothing is sent. Raises Unreadable.
    """
    import hf_xet

    try:
        (found,) = hf_xet.hash_files([path])
    except (OSError, RuntimeError, ValueError) as error:
        raise Unreadable(f"its Xet hash cannot be computed: {error}") from error
    return Digest("xet", found.hash)
