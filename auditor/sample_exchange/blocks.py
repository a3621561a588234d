"""Blocks of rows, by which the holder of a list answers, and the public hash that decides a row's block.

A row's hash depends on its own digest alone and is the same for everyone. A block is all rows whose hash begins with
the same bits. So two blocks are either apart, or one lies in the other: however answers are intersected, what is left
is a whole block again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from auditor.known.exact_index import digest_rows

# Different digests that each block must have, so that an answer tells of no fewer.
MIN_BLOCK_ROWS = 1_000
# A smaller dataset has too few blocks to lose one: the answer is to withdraw it.
MIN_DATASET_ROWS = 100_000
# A dataset that would lose more than this share is withdrawn instead of cleaned.
MAX_REMOVED_SHARE = 0.5
# 2**24 blocks of 1,000 rows are 17 billion rows.
MAX_BITS = 24
# Bytes of a digest that are exported and hashed: all of an MD5, the first of longer ones.
PREFIX_BYTES = 16

Hashes = NDArray[np.uint64]

# The finaliser of splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
_MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def _mix(words: Hashes) -> Hashes:
    """Return 64-bit words with their bits mixed, each value to another one."""
    words = (words ^ (words >> np.uint64(30))) * _MULTIPLIERS[0]
    words = (words ^ (words >> np.uint64(27))) * _MULTIPLIERS[1]
    return words ^ (words >> np.uint64(31))


def digest_prefixes(digests: pa.Array) -> NDArray[np.uint8]:
    """Return the first :data:`PREFIX_BYTES` bytes of digests (fixed-size binary), one per row."""
    return np.ascontiguousarray(digest_rows(digests)[:, :PREFIX_BYTES])


def row_hashes(prefixes: NDArray[np.uint8]) -> Hashes:
    """Return the public hash of each row, from the prefix of its digest: ``mix(first ^ mix(second))``, big-endian."""
    words = prefixes.view(">u8").astype(np.uint64)
    return _mix(words[:, 0] ^ _mix(words[:, 1]))


def block_bits(histogram: NDArray[np.int64]) -> int:
    """Return how many bits of the hash make a block: as many as leave every block enough rows.

    Args:
        histogram: How many different rows have each value of some first bits of the hash: 2**bits numbers.

    Returns:
        The bits; 0: all rows are one block; -1: there are too few rows for one.
    """
    bits = len(histogram).bit_length() - 1
    while histogram.min() < MIN_BLOCK_ROWS:
        if not bits:
            return -1
        histogram, bits = histogram.reshape(-1, 2).sum(axis=1), bits - 1
    return bits


def useful_bits(rows: int) -> int:
    """Return the most bits that blocks of so many rows can have."""
    return max(0, min(MAX_BITS, (rows // MIN_BLOCK_ROWS).bit_length() - 1))


@dataclass(frozen=True, slots=True)
class HashRanges:
    """Ranges of hashes, sorted and apart: from ``starts`` to ``ends``, both included."""

    starts: Hashes
    ends: Hashes

    def contain(self, hashes: Hashes) -> NDArray[np.bool_]:
        """Return which hashes lie in a range."""
        if not len(self.starts):
            return np.zeros(len(hashes), np.bool_)
        at = np.searchsorted(self.starts, hashes, side="right")
        found: NDArray[np.bool_] = (at > 0) & (hashes <= self.ends[np.maximum(at, 1) - 1])
        return found


def hash_ranges(blocks: Mapping[int, Iterable[int]], single: Iterable[int] = ()) -> HashRanges:
    """Return the ranges of blocks, given as prefixes by their bits, and of single hashes."""
    starts, ends = [], []
    for bits, prefixes in blocks.items():
        values = np.array(sorted(prefixes), np.uint64)
        shift = np.uint64(64 - bits)
        starts.append(values << shift if bits else values)
        last = (np.uint64(1) << shift) - np.uint64(1) if bits else ~np.uint64(0)
        ends.append(starts[-1] + last)
    alone = np.array(sorted(single), np.uint64)
    first = np.concatenate([*starts, alone]) if starts or len(alone) else alone
    last_of = np.concatenate([*ends, alone]) if starts or len(alone) else alone
    order = np.argsort(first, kind="stable")
    first, last_of = first[order], np.maximum.accumulate(last_of[order])
    is_new = np.ones(len(first), np.bool_)
    is_new[1:] = first[1:] > last_of[:-1]
    heads = np.flatnonzero(is_new)
    tails = np.append(heads[1:], len(first)) - 1 if len(heads) else heads
    return HashRanges(first[heads], last_of[tails])


def prefixes_of(hashes: Hashes, bits: int) -> NDArray[np.int64]:
    """Return the first bits of hashes as numbers."""
    if not bits:
        return np.zeros(len(hashes), np.int64)
    return (hashes >> np.uint64(64 - bits)).astype(np.int64)
