"""Look up the entries that a digest equals, by sorted 64-bit keys with a bucket table, memory-mapped.

Most samples are on no list, so a small filter (eight bits per entry) comes first, and only keys that pass it are looked
up in the table. Equal keys are not yet a match: the values are then compared in full.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Keys: TypeAlias = NDArray[np.uint64]

# Odd constants of splitmix64: they spread keys whose bytes are not random (PhotoDNA, URLs) over the table.
_MIX_CONSTANTS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_BATCH_ROWS = 1 << 16


@dataclass(frozen=True, slots=True)
class ExactIndex:
    """An index of values by 64-bit keys.

    Attributes:
        keys: The entries' keys, sorted.
        table: Where in ``keys`` each bucket begins.
        filter: A bit for each possible value of a key's top bits, set where a key has them.
    """

    keys: Keys
    table: NDArray[np.uint32]
    filter: NDArray[np.uint8]

    def candidates(self, queries: Keys) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (queries, entries) of every entry whose key equals a query's, in no order."""
        found = [self._look_up(queries[low : low + _BATCH_ROWS], low) for low in range(0, len(queries), _BATCH_ROWS)]
        if not found or not len(self.keys):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        return np.concatenate([rows for rows, _ in found]), np.concatenate([entries for _, entries in found])

    def _look_up(self, queries: Keys, first: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Look up a block of query keys in the filter, then in the bucket table; ``first`` numbers the first query."""
        bits = np.uint64(64 - _floor_log2(len(self.filter)) - 3)
        top = queries >> bits
        byte = np.take(self.filter, (top >> np.uint64(3)).view(np.int64))
        byte >>= top.astype(np.uint8) & np.uint8(7)
        row = np.flatnonzero(byte & np.uint8(1))
        wanted = queries[row]
        bucket = (wanted >> np.uint64(64 - _floor_log2(len(self.table) - 1))).view(np.int64)
        at, end = np.take(self.table, bucket).astype(np.int64), np.take(self.table, bucket + 1)
        rows, entries = [], []
        while len(row):
            key = np.take(self.keys, at, mode="clip")
            inside = at < end
            equal = np.flatnonzero((key == wanted) & inside)
            rows.append(row[equal] + first)
            entries.append(at[equal])
            # A bucket's keys are sorted: past a greater one there is nothing to find.
            more = np.flatnonzero((key <= wanted) & inside)
            row, wanted, at, end = row[more], wanted[more], at[more] + 1, end[more]
        if not rows:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        return np.concatenate(rows), np.concatenate(entries)


def build_exact_index(keys: Keys) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """Return the arrays ``table`` and ``filter`` of an exact index over these sorted keys (fewer than 2^32)."""
    bits = max(3, _floor_log2(len(keys)))
    table = np.zeros((1 << bits) + 1, np.uint32)
    table[1:] = np.cumsum(np.bincount((keys >> np.uint64(64 - bits)).view(np.int64), minlength=1 << bits))
    marks = np.zeros(8 << bits, np.bool_)
    marks[(keys >> np.uint64(64 - bits - 3)).view(np.int64)] = True
    return table, np.packbits(marks, bitorder="little")


def value_keys(values: pa.Array) -> Keys:
    """Return the exact index's 64-bit key for each value of a binary or string array; a null's key means nothing."""
    if pa.types.is_fixed_size_binary(values.type):
        return _digest_keys(digest_rows(values))
    return _text_keys(values)


def digest_rows(values: pa.Array) -> NDArray[np.uint8]:
    """Return the bytes of a fixed-size binary array for the exact index, one value per row, without a copy."""
    width = values.type.byte_width
    if not len(values):
        return np.empty((0, width), np.uint8)
    flat = np.frombuffer(values.buffers()[1], np.uint8)
    return flat[values.offset * width : (values.offset + len(values)) * width].reshape(-1, width)


def equal_rows(left: NDArray[np.uint8], right: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which rows of two blocks of digests are exactly equal, compared by words."""
    word = np.uint64 if left.shape[1] % 8 == 0 else np.uint32
    same: NDArray[np.bool_] = np.logical_and.reduce(left.view(word) == right.view(word), axis=1)
    return same


def _digest_keys(rows: NDArray[np.uint8]) -> Keys:
    """Return the exact index's keys of digests: the first 8 bytes of cryptographic ones, else all words mixed."""
    width = rows.shape[1]
    if width in (16, 20, 32, 64):
        first = np.lib.stride_tricks.as_strided(rows.view(), (len(rows), 8), rows.strides)
        return np.ascontiguousarray(first).view(">u8").ravel().astype(np.uint64)
    words = np.ascontiguousarray(rows).view("<u8").astype(np.uint64)
    factors = _mix_factors(words.shape[1])
    return mix((words * factors).sum(axis=1, dtype=np.uint64))


def _text_keys(values: pa.Array) -> Keys:
    """Return the exact index's keys of strings: the sum of the mixed 8-byte words and of the length, mixed."""
    texts = values.cast(pa.large_string())
    offsets = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset : texts.offset + len(texts) + 1]
    sizes = np.diff(offsets)
    totals = sizes.astype(np.uint64)
    if not len(texts) or offsets[-1] == offsets[0]:
        return mix(totals)
    data = np.append(np.frombuffer(texts.buffers()[2], np.uint8)[offsets[0] : offsets[-1]], np.zeros(8, np.uint8))
    words = np.ndarray(len(data) - 7, "<u8", data, strides=(1,))  # a word from every byte on
    starts = offsets[:-1] - offsets[0]
    masks = np.array([(1 << 8 * count) - 1 for count in range(9)], np.uint64)
    for place, factor in enumerate(_mix_factors(-(-int(sizes.max()) // 8))):
        left = sizes - 8 * place
        rows = np.flatnonzero(left > 0)
        word = words[starts[rows] + 8 * place]
        word &= masks[np.minimum(left[rows], 8)]
        word ^= factor
        totals[rows] += mix(word)
    return mix(totals)


def _mix_factors(count: int) -> Keys:
    """Return the factors by which the exact index mixes the words of a key."""
    return np.multiply.accumulate(np.full(count, _MIX_CONSTANTS[0]))


def mix(keys: Keys) -> Keys:
    """Return the keys of the exact index with their bits mixed."""
    keys = (keys ^ keys >> np.uint64(30)) * _MIX_CONSTANTS[1]
    keys = (keys ^ keys >> np.uint64(27)) * _MIX_CONSTANTS[2]
    return keys ^ keys >> np.uint64(31)


def _floor_log2(number: int) -> int:
    """Return the whole part of the binary logarithm, for the size of the exact index's table; 0 for 0."""
    return max(number.bit_length() - 1, 0)
