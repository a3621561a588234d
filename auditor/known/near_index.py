"""Find all entries within a Hamming distance of a query, by multi-index hashing over sorted bands.

The bits of a hash are cut into bands. Two hashes at distance ≤ t agree in at least one band within its radius when
the sum over bands of (radius + 1) exceeds t (Norouzi, Punjani and Fleet, arXiv 1307.2982), so looking up each band's
neighbourhood and comparing what is found in full gives exactly what a plain scan gives. The arrays are memory-mapped
and queries go in batches, band by band, so that one band's table stays in the cache.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Words: TypeAlias = NDArray[np.uint64]
NearPairs: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int16]]

# By algorithm, the distance in bits up to which a list is matched nearly by default. 31 is the distance
# that PDQ's authors recommend (github.com/facebook/ThreatExchange, pdq/README.md).
DEFAULT_THRESHOLDS: Mapping[str, int] = {"pdq": 31}
# The largest distance that a list may be matched by: a quarter of a 64-bit hash.
MAX_THRESHOLDS: Mapping[str, int] = {"pdq": 31, "phash-64": 16, "dhash-64": 16}
# Neighbours looked up, and entries compared, at once: a core's own cache holds them (eight times more: half as fast).
_MAX_PROBES = 1 << 17
_MAX_CANDIDATES = 1 << 15


@dataclass(frozen=True, slots=True)
class NearIndex:
    """An index of hashes by bands of their bits.

    Attributes:
        words: The entries' hashes as 64-bit words.
        ids: For each band, the entries in order of that band's bits.
        tables: For each band, where in ``ids`` each value of its bits begins.
    """

    words: Words  # (entries, words)
    ids: NDArray[np.uint32]  # (bands, entries)
    tables: NDArray[np.uint32]  # (bands, 2^width + 1)

    def search(self, queries: Words, threshold: int) -> NearPairs:
        """Return (queries, entries, distances) of every pair within the threshold, in order of query and entry."""
        if not len(queries) or not len(self.words):
            return _no_pairs()
        count, width = len(self.ids), (self.tables.shape[1] - 1).bit_length() - 1
        found: list[NDArray[np.uint64]] = []
        for band, radius in enumerate(_band_radii(threshold, count)):
            flips = _bit_flips(width, min(radius, width))
            keys = _band_bits(queries, band * width, width)
            step = max(1, _MAX_PROBES // len(flips))
            for low in range(0, len(queries), step):
                probes = (keys[low : low + step, None] ^ flips).ravel()
                found += self._verify(queries, low, len(flips), probes, self.tables[band], self.ids[band], threshold)
        if not found:
            return _no_pairs()
        packed = np.unique(np.concatenate(found))
        rows, entries = (packed >> 32).astype(np.int64), (packed & 0xFFFFFFFF).astype(np.int64)
        return rows, entries, hamming_distances(queries[rows], self.words[entries])

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
        """Compare the candidates of band look-ups with their queries in full, and keep pairs within the threshold."""
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
            high = max(low + 1, int(np.searchsorted(ends, done + _MAX_CANDIDATES, "right")))
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


def index_shapes(entries: int, bits: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the shapes of a near index's ``ids`` and ``tables`` for entries (fewer than 2^32) of that many bits."""
    count, width = _band_layout(entries, bits)
    return (count, entries), (count, (1 << width) + 1)


def build_near_index(words: Words, ids: NDArray[np.uint32], tables: NDArray[np.uint32]) -> None:
    """Fill the arrays of an index over these entries; the arrays have the shapes that :func:`index_shapes` returns."""
    width = (tables.shape[1] - 1).bit_length() - 1
    numbers = np.arange(len(words), dtype=np.uint64)
    for band in range(len(ids)):
        packed = _band_bits(words, band * width, width).astype(np.uint64) << np.uint64(32)
        packed |= numbers
        packed.sort()
        ids[band] = packed & np.uint64(0xFFFFFFFF)
        packed >>= np.uint64(32)
        tables[band, 0] = 0
        np.cumsum(np.bincount(packed.view(np.int64), minlength=1 << width), out=tables[band, 1:], dtype=np.uint32)


def _band_layout(entries: int, bits: int) -> tuple[int, int]:
    """Return the near index's number and width of bands: wide ones cost probes, narrow ones candidates.

    Bits in no band are compared in the end as well: the bands only choose the candidates.
    """
    if bits == 64:
        return (8, 8) if entries < 2_000 else (4, 16) if entries < 1_000_000 else (3, 21)
    return (
        (32, 8) if entries < 2_000 else (16, 16) if entries < 300_000 else (12, 21) if entries < 3_000_000 else (11, 22)
    )


def brute_force_search(words: Words, queries: Words, threshold: int) -> NearPairs:
    """Return the same near entries as :meth:`NearIndex.search`, by comparing every query with every entry."""
    found = []
    for row, query in enumerate(queries):
        distance = np.bitwise_count(words ^ query).sum(axis=1, dtype=np.int64)
        near = np.flatnonzero(distance <= threshold)
        found.append(np.stack([np.full(len(near), row), near, distance[near]], axis=1))
    table = np.concatenate(found) if found else np.empty((0, 3), np.int64)
    return table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2].astype(np.int16)


def hamming_distances(left: Words, right: Words) -> NDArray[np.int16]:
    """Return the Hamming distances of near entries: the number of bits that differ in each row."""
    return _popcounts(left ^ right).astype(np.int16)


def digest_words(values: NDArray[np.uint8]) -> Words:
    """Return digests of 8 or 32 bytes as rows of 64-bit words for the near index, in this machine's byte order."""
    return np.ascontiguousarray(values).view(np.uint64)


def _no_pairs() -> NearPairs:
    """Return the result of a search of the near index that finds nothing."""
    return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int16)


def _band_radii(threshold: int, bands: int) -> tuple[int, ...]:
    """Return a radius for each band of the near index, such that the sum of (radius + 1) is threshold + 1."""
    each, rest = divmod(threshold + 1, bands)
    return tuple(radius for band in range(bands) if (radius := each - (band >= rest)) >= 0)


@cache
def _bit_flips(width: int, radius: int) -> NDArray[np.uint32]:
    """Return for the near index every pattern of at most ``radius`` bits among ``width``."""
    patterns = [
        sum(1 << bit for bit in bits) for count in range(radius + 1) for bits in combinations(range(width), count)
    ]
    return np.array(patterns, np.uint32)


def _band_bits(words: Words, start: int, width: int) -> NDArray[np.uint32]:
    """Return a band of the near index: bits ``start`` to ``start + width`` of each row, in one word or in two."""
    word, offset = divmod(start, 64)
    high = words[:, word] << np.uint64(offset)
    if offset + width > 64:
        high = high | words[:, word + 1] >> np.uint64(64 - offset)
    return (high >> np.uint64(64 - width)).astype(np.uint32)


def _popcounts(difference: Words) -> NDArray[np.uint16]:
    """Return the number of set bits in each row of words, for the near index's Hamming distances."""
    counts = np.bitwise_count(difference)
    if difference.shape[1] == 1:
        return counts[:, 0].astype(np.uint16)
    # Four byte counts summed by one multiplication; two by two, as all 256 bits may differ.
    pairs = counts.view(np.uint32)[:, 0]
    pairs = (pairs & np.uint32(0x00FF00FF)) + (pairs >> np.uint32(8) & np.uint32(0x00FF00FF))
    return ((pairs & np.uint32(0xFFFF)) + (pairs >> np.uint32(16))).astype(np.uint16)
