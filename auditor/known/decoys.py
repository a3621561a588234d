"""Estimate how many near matches chance alone would give, by matching the same images against decoys of the lists.

A decoy of an entry is the hash of its mirror image, which follows from the hash alone: mirroring changes the sign of
every second column, row, or both, of the cosine transform. A mirrored picture has as much detail as the picture, with
the same strong frequencies and as correlated bits, but it is another picture. (Signs flipped at random would keep none
of that: plain pictures, which do match by chance, would match no such decoy.) Which of the three mirrorings is compared
with an image is decided under the list's key. Flipping the image's hash is the same as flipping every entry's, so no
second index is needed: distance(q, e ^ m) = distance(q ^ m, e).
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from auditor.hashing.thorough_variants import NO_LIMIT
from auditor.intervals import Interval, rate_interval
from auditor.known import near_index
from auditor.known.compiled_list import CompiledList

_DECOY_MATCHES = "decoys met by chance"
_DECOYS_COMPARED = "compared with decoys"
DECOY_COUNTS = (
    _DECOY_MATCHES,
    _DECOYS_COMPARED,
)  # the keys that this module adds to a run's coverage begin with one of these
# Of thorough variants: pairs of a hash and a decoy that matched, and their pictures; hashes, pictures, and pairs of a
# hash and an entry that were compared.
_THOROUGH_MATCHES = f"{_DECOY_MATCHES}, thorough"
_THOROUGH_MATCHED_PICTURES = f"{_DECOY_MATCHES}, thorough, pictures"
_THOROUGH_COMPARED = f"{_DECOYS_COMPARED}, thorough"
_THOROUGH_PICTURES = f"{_DECOYS_COMPARED}, thorough, pictures"
_THOROUGH_PAIRS = f"{_DECOYS_COMPARED}, thorough, pairs"
_DCT_SIDES: Mapping[str, int] = {"pdq": 16, "phash-64": 8}  # of the hashes that are signs of a cosine transform


@dataclass(frozen=True, slots=True)
class ExpectedByChance:
    """Near matches with a list that chance alone would give.

    Attributes:
        list: The list's name.
        compared: The number of hashes: every form of every image that matched nothing.
        matches: The number of decoys that they matched.
        upper_limit: A 95 % upper bound of that number.
    """

    list: str
    compared: int
    matches: int
    upper_limit: float


@dataclass(frozen=True, slots=True)
class ThoroughChance(ExpectedByChance):
    """Matches of thorough variants that chance alone would give, and how many pictures and pairs were compared.

    Attributes:
        pictures: The number of pictures.
        matched_pictures: How many of them have a variant that matches a decoy.
        pairs: The number of pairs of a hash and an entry.
    """

    pictures: int
    matched_pictures: int
    pairs: int

    @property
    def picture_rate(self) -> Interval:
        """The 95 % interval of the rate of pictures that have a match by chance."""
        return rate_interval(self.matched_pictures, self.pictures)

    @property
    def pair_rate(self) -> Interval:
        """The 95 % interval of the rate of pairs of a hash and an entry that match by chance."""
        return rate_interval(self.matches, self.pairs)


def count_decoy_matches(
    known: CompiledList,
    algorithm: str,
    words: near_index.Words,
    limits: NDArray[np.int16],
    pictures: NDArray[np.int64],
    coverage: Counter[str],
) -> None:
    """Add to the coverage the number of these hashes, and the number of the list's decoys that they match.

    Args:
        known: The list.
        algorithm: The algorithm of the hashes.
        words: The hashes. They must be of samples without a match: a copy of a listed picture that is nearly its own
            mirror image would match that picture's decoy.
        limits: By hash, the largest distance at which it is matched, if that is less than the list's; hashes with a
            limit are of thorough variants, and counted apart.
        pictures: By hash, a number for its sample.
        coverage: What is counted.
    """
    if algorithm not in _DCT_SIDES or known.means == "benign" or not len(words):
        return
    rows, _, _ = known.find_near_within(algorithm, make_decoys(words, algorithm, known.key), limits)
    thorough = limits < NO_LIMIT
    coverage[f"{_DECOY_MATCHES}: {known.name}"] += int((~thorough[rows]).sum())
    coverage[f"{_DECOYS_COMPARED}: {known.name}"] += int((~thorough).sum())
    if thorough.any():
        hashes = int(thorough.sum())
        matched = rows[thorough[rows]]
        coverage[f"{_THOROUGH_MATCHES}: {known.name}"] += len(matched)
        coverage[f"{_THOROUGH_MATCHED_PICTURES}: {known.name}"] += len(np.unique(pictures[matched]))
        coverage[f"{_THOROUGH_COMPARED}: {known.name}"] += hashes
        coverage[f"{_THOROUGH_PICTURES}: {known.name}"] += len(np.unique(pictures[thorough]))
        coverage[f"{_THOROUGH_PAIRS}: {known.name}"] += hashes * known.manifest["algorithms"][algorithm]["entries"]


def expected_by_chance(coverage: Mapping[str, int]) -> tuple[ExpectedByChance, ...]:
    """Return the near matches by chance that the decoys in a run's coverage show, by list."""
    return tuple(
        ExpectedByChance(name, compared, matches, _poisson_upper_limit(matches))
        for name, compared in _by_list(coverage, _DECOYS_COMPARED)
        for matches in (coverage.get(f"{_DECOY_MATCHES}: {name}", 0),)
    )


def expected_by_thorough_chance(coverage: Mapping[str, int]) -> tuple[ThoroughChance, ...]:
    """Return the matches of thorough variants by chance that the decoys in a run's coverage show, by list."""
    found = []
    for name, compared in _by_list(coverage, _THOROUGH_COMPARED):
        matches = coverage.get(f"{_THOROUGH_MATCHES}: {name}", 0)
        pictures, pairs = (coverage[f"{what}: {name}"] for what in (_THOROUGH_PICTURES, _THOROUGH_PAIRS))
        matched_pictures = coverage.get(f"{_THOROUGH_MATCHED_PICTURES}: {name}", 0)
        upper_limit = pairs * rate_interval(matches, pairs).high
        found.append(ThoroughChance(name, compared, matches, upper_limit, pictures, matched_pictures, pairs))
    return tuple(found)


def _by_list(coverage: Mapping[str, int], what: str) -> list[tuple[str, int]]:
    """Return (list, count) of a key for counts of decoys, by the list's name."""
    start = f"{what}: "
    return sorted((key.removeprefix(start), count) for key, count in coverage.items() if key.startswith(start))


def _poisson_upper_limit(matches: int) -> float:
    """Return the 95 % upper limit of a Poisson count of decoy matches, by Byar's approximation; 3 for none."""
    above = matches + 1
    return float(above * (1 - 1 / (9 * above) + 1.645 / (3 * math.sqrt(above))) ** 3) if matches else 3.0


def make_decoys(words: near_index.Words, algorithm: str, key: bytes) -> near_index.Words:
    """Return decoys: the hashes with the signs of one of the three mirrorings, chosen by key and hash."""
    seed = hashlib.blake2b(algorithm.encode(), key=key, digest_size=8).digest()
    odd = np.frombuffer(seed, np.uint64) | np.uint64(1)
    chosen = ((words[:, 0] * odd) >> np.uint64(33)) % np.uint64(3)
    return words ^ mirror_masks(algorithm)[chosen.astype(np.int64)]


@cache
def mirror_masks(algorithm: str) -> near_index.Words:
    """Return the bits that mirroring left to right, top to bottom and both inverts in a hash, for decoys."""
    second = np.arange(_DCT_SIDES[algorithm]) % 2 == 1
    none = np.zeros_like(second)
    masks = [rows[:, None] ^ columns for rows, columns in ((none, second), (second, none), (second, second))]
    return near_index.digest_words(np.packbits(np.reshape(masks, (3, -1)), axis=1))
