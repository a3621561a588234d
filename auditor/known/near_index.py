"""Near matching: every entry within a Hamming distance of a query, by multi-index hashing over sorted bands.

The bits of a hash are cut into bands. Two hashes at distance ≤ t agree in at least one band within its radius when
the sum over bands of (radius + 1) exceeds t (Norouzi, Punjani and Fleet, arXiv 1307.2982), so looking up each band's
neighbourhood and comparing what is found in full gives exactly what a plain scan gives. The arrays are memory-mapped
and queries go in batches, band by band, so that one band's table stays in the cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Words: TypeAlias = NDArray[np.uint64]
Pairs: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int16]]

# Neighbours looked up, and entries compared, at once: a core's own cache holds them (eight times more: half as fast).
_PROBES = 1 << 17
_CANDIDATES = 1 << 15


@dataclass(frozen=True, slots=True)
class NearIndex:
    """``ids``: for each band, the entries in order of that band's bits; ``tables``: where each value of it begins."""

    words: Words  # (entries, words)
    ids: NDArray[np.uint32]  # (bands, entries)
    tables: NDArray[np.uint32]  # (bands, 2^width + 1)

    def search(self, queries: Words, threshold: int) -> Pairs:
        """Every (query, entry, distance) within the threshold, in order of query and entry, each once."""
        if not len(queries) or not len(self.words):
            return _none()
        count, width = len(self.ids), (self.tables.shape[1] - 1).bit_length() - 1
        found: list[NDArray[np.uint64]] = []
        for band, radius in enumerate(_radii(threshold, count)):
            flips = _flips(width, min(radius, width))
            keys = _band(queries, band * width, width)
            step = max(1, _PROBES // len(flips))
            for low in range(0, len(queries), step):
                probes = (keys[low : low + step, None] ^ flips).ravel()
                found += self._verify(queries, low, len(flips), probes, self.tables[band], self.ids[band], threshold)
        if not found:
            return _none()
        packed = np.unique(np.concatenate(found))
        rows, entries = (packed >> 32).astype(np.int64), (packed & 0xFFFFFFFF).astype(np.int64)
        return rows, entries, distances(queries[rows], self.words[entries])

    def _verify(
        self,
        queries: Words,
        first: int,
        probes_each: int,
        probes: NDArray[np.uint32],
        table: NDArray[np.uint32],
        ids: NDArray[np.uint32],
        threshold: int,
    ) -> list[NDArray[np.uint64]]:
        begin = np.take(table, probes)
        sizes = np.take(table[1:], probes)
        sizes -= begin
        hit = np.flatnonzero(sizes)
        begin, sizes = begin[hit], sizes[hit]
        rows = (hit // probes_each + first).astype(np.uint32)
        found = []
        ends = np.cumsum(sizes, dtype=np.int64)
        low = 0
        while low < len(hit):
            done = ends[low - 1] if low else 0
            high = max(low + 1, int(np.searchsorted(ends, done + _CANDIDATES, "right")))
            size = sizes[low:high]
            offset = (begin[low:high].astype(np.int64) - (ends[low:high] - size - done)).repeat(size)
            offset += np.arange(len(offset))
            entry = np.take(ids, offset)
            row = rows[low:high].repeat(size)
            difference = np.take(self.words, entry, axis=0)
            difference ^= np.take(queries, row, axis=0)
            near = np.flatnonzero(_popcounts(difference) <= threshold)
            if len(near):
                found.append(row[near].astype(np.uint64) << np.uint64(32) | entry[near])
            low = high
        return found


def shapes(entries: int, bits: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The shapes of ``ids`` and ``tables`` for that many entries (fewer than 2^32) of that many bits."""
    count, width = _bands(entries, bits)
    return (count, entries), (count, (1 << width) + 1)


def build(words: Words, ids: NDArray[np.uint32], tables: NDArray[np.uint32]) -> None:
    """Fills the arrays of an index over these entries; they have the :func:`shapes` for them."""
    width = (tables.shape[1] - 1).bit_length() - 1
    numbers = np.arange(len(words), dtype=np.uint64)
    for band in range(len(ids)):
        packed = _band(words, band * width, width).astype(np.uint64) << np.uint64(32)
        packed |= numbers
        packed.sort()
        ids[band] = packed & np.uint64(0xFFFFFFFF)
        packed >>= np.uint64(32)
        tables[band, 0] = 0
        np.cumsum(np.bincount(packed.view(np.int64), minlength=1 << width), out=tables[band, 1:], dtype=np.uint32)


def _bands(entries: int, bits: int) -> tuple[int, int]:
    """How many bands of how many bits suit that many entries: wide ones cost probes, narrow ones candidates.

    Bits in no band are compared all the same: a band need only be one of those that the pigeonholes are counted over.
    """
    if bits == 64:
        return (8, 8) if entries < 2_000 else (4, 16) if entries < 1_000_000 else (3, 21)
    return (
        (32, 8) if entries < 2_000 else (16, 16) if entries < 300_000 else (12, 21) if entries < 3_000_000 else (11, 22)
    )


def scan(words: Words, queries: Words, threshold: int) -> Pairs:
    """What :meth:`NearIndex.search` must give, by comparing every query with every entry."""
    found = []
    for row, query in enumerate(queries):
        distance = np.bitwise_count(words ^ query).sum(axis=1, dtype=np.int64)
        near = np.flatnonzero(distance <= threshold)
        found.append(np.stack([np.full(len(near), row), near, distance[near]], axis=1))
    table = np.concatenate(found) if found else np.empty((0, 3), np.int64)
    return table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2].astype(np.int16)


def distances(left: Words, right: Words) -> NDArray[np.int16]:
    """How many bits of each row differ."""
    return _popcounts(left ^ right).astype(np.int16)


def words_of(values: NDArray[np.uint8]) -> Words:
    """Digests of 8 or 32 bytes, one a row, as 64-bit words (in this machine's order: distances don't depend on it)."""
    return np.ascontiguousarray(values).view(np.uint64)


def _none() -> Pairs:
    return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int16)


def _radii(threshold: int, bands: int) -> tuple[int, ...]:
    """A radius for each band that is looked up, such that the sum of (radius + 1) is threshold + 1."""
    each, rest = divmod(threshold + 1, bands)
    return tuple(radius for band in range(bands) if (radius := each - (band >= rest)) >= 0)


@cache
def _flips(width: int, radius: int) -> NDArray[np.uint32]:
    """Every pattern of at most ``radius`` bits among ``width``."""
    patterns = [
        sum(1 << bit for bit in bits) for count in range(radius + 1) for bits in combinations(range(width), count)
    ]
    return np.array(patterns, np.uint32)


def _band(words: Words, start: int, width: int) -> NDArray[np.uint32]:
    """The bits ``start`` to ``start + width`` of each row; they lie in one word or in two."""
    word, offset = divmod(start, 64)
    high = words[:, word] << np.uint64(offset)
    if offset + width > 64:
        high = high | words[:, word + 1] >> np.uint64(64 - offset)
    return (high >> np.uint64(64 - width)).astype(np.uint32)


def _popcounts(difference: Words) -> NDArray[np.uint16]:
    counts = np.bitwise_count(difference)
    if difference.shape[1] == 1:
        return counts[:, 0].astype(np.uint16)
    # Four byte counts summed by one multiplication; two by two, as all 256 bits may differ.
    pairs = counts.view(np.uint32)[:, 0]
    pairs = (pairs & np.uint32(0x00FF00FF)) + (pairs >> np.uint32(8) & np.uint32(0x00FF00FF))
    return ((pairs & np.uint32(0xFFFF)) + (pairs >> np.uint32(16))).astype(np.uint16)
