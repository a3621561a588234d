"""How many near matches chance alone would give: the same images matched against decoys of the same lists.

A decoy of an entry is its hash with the signs of whole rows and columns of its cosine transform flipped: bit (i, j) is
inverted where r(i) differs from c(j), for secret r and c. Mirroring a picture is one such pattern (every other column),
so a decoy looks like the hash of a picture of the same kind: the same strong and weak frequencies, about as many
ones, bits that hang together as much. Flipping a query is the same as flipping every entry, so no second index is
needed: distance(q, e ^ m) = distance(q ^ m, e).
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from auditor.known import near
from auditor.known.compiled import KnownList

_MET = "decoys met by chance"
_ASKED = "compared with decoys"
_PATTERNS = 64
_SIDES: Mapping[str, int] = {"pdq": 16, "phash-64": 8}  # those that are signs of a cosine transform


@dataclass(frozen=True, slots=True)
class Expected:
    """Near matches that chance alone would give for what a run compared; ``most`` is a 95 % upper bound."""

    list: str
    compared: int
    matches: float
    most: float


@dataclass(frozen=True, slots=True)
class Decoys:
    """``rounds``: with how many patterns each hash is compared; more give a finer estimate and cost a search each."""

    rounds: int = 1

    def count(self, known: KnownList, algorithm: str, words: near.Words, coverage: Counter[str]) -> None:
        """Adds to the coverage how many decoys of the list these hashes met, and how many times they were compared."""
        if algorithm not in _SIDES:
            return
        flips = patterns(known.key, algorithm)
        for number in range(self.rounds):
            decoyed = words ^ flips[(np.arange(len(words)) + number) % len(flips)]
            coverage[f"{_MET}: {known.name}"] += len(known.near(algorithm, decoyed)[0])
        coverage[f"{_ASKED}: {known.name}"] += self.rounds * len(words)


def expected(coverage: Mapping[str, int], rounds: int = 1) -> tuple[Expected, ...]:
    """What a run's coverage says of chance, by list. Counts of rare events: the bound is Poisson's."""
    lists = sorted(what.removeprefix(f"{_ASKED}: ") for what in coverage if what.startswith(f"{_ASKED}: "))
    return tuple(
        Expected(
            name,
            coverage[f"{_ASKED}: {name}"] // rounds,
            met / rounds,
            # Byar's approximation of the Poisson limit; 3.0 when nothing was met (the rule of three).
            (3.0 if not met else (met + 1) * (1 - 1 / (9 * (met + 1)) + 1.645 / (3 * math.sqrt(met + 1))) ** 3)
            / rounds,
        )
        for name in lists
        for met in (coverage.get(f"{_MET}: {name}", 0),)
    )


@cache
def patterns(key: bytes, algorithm: str) -> near.Words:
    """Sign patterns under a key, as words to flip hashes with: half of the rows and half of the columns, by turns.

    A pattern inverts exactly half of all bits, so that a copy of an entry is no match of its decoy. pHash keeps its
    first coefficient, the mean, whose sign no picture changes.
    """
    side = _SIDES[algorithm]
    seed = hashlib.blake2b(algorithm.encode(), key=key[:64]).digest()
    random = np.random.default_rng(np.frombuffer(seed, np.uint32))
    half = np.arange(side) < side // 2
    made = np.empty((_PATTERNS, side, side), np.bool_)
    for pattern in made:
        rows, columns = random.permutation(half), random.permutation(half)
        pattern[:] = rows[:, None] ^ columns ^ (rows[0] ^ columns[0] if algorithm == "phash-64" else False)
    return near.words_of(np.packbits(made.reshape(_PATTERNS, -1), axis=1))
