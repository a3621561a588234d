"""How many near matches chance alone would give: the same images matched against decoys of the same lists.

A decoy of an entry is the hash of its mirror image, which the hash alone gives: mirroring changes the sign of every
second column, row, or both, of the cosine transform. A mirrored picture is as plain or as rich as the picture, with
the same strong frequencies and bits that hang together as much, but it is another picture. (Signs flipped at random
keep none of that: plain pictures, which do match by chance, would meet no such decoy.) Which of the three mirrorings
an image meets is decided under the list's key. Flipping the image's hash is the same as flipping every entry's, so no
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

from auditor.known import near_index
from auditor.known.compiled_list import CompiledList

_MET = "decoys met by chance"
_ASKED = "compared with decoys"
COUNTS = (_MET, _ASKED)  # what this module adds to a run's coverage begins with one of these
_SIDES: Mapping[str, int] = {"pdq": 16, "phash-64": 8}  # those that are signs of a cosine transform


@dataclass(frozen=True, slots=True)
class Expected:
    """Near matches with a list that chance alone would give; ``most`` is a 95 % upper bound.

    ``compared`` counts hashes: every form of every image that matched nothing.
    """

    list: str
    compared: int
    matches: int
    most: float


def count(known: CompiledList, algorithm: str, words: near_index.Words, coverage: Counter[str]) -> None:
    """Adds to the coverage how many decoys of the list these hashes met, and how many hashes they were.

    The hashes are those of samples without a match: a copy of a listed picture that is nearly its own mirror image
    would meet that picture's decoy.
    """
    if algorithm in _SIDES and known.means != "benign" and len(words):
        coverage[f"{_MET}: {known.name}"] += len(known.near(algorithm, decoyed(words, algorithm, known.key))[0])
        coverage[f"{_ASKED}: {known.name}"] += len(words)


def expected(coverage: Mapping[str, int]) -> tuple[Expected, ...]:
    """What a run's coverage says of chance, by list."""
    lists = sorted(what.removeprefix(f"{_ASKED}: ") for what in coverage if what.startswith(f"{_ASKED}: "))
    counts = [(name, coverage.get(f"{_MET}: {name}", 0)) for name in lists]
    return tuple(Expected(name, coverage[f"{_ASKED}: {name}"], met, _most(met)) for name, met in counts)


def _most(met: int) -> float:
    """The 95 % upper limit of a Poisson count, by Byar's approximation; 3 for none (the rule of three)."""
    more = met + 1
    return float(more * (1 - 1 / (9 * more) + 1.645 / (3 * math.sqrt(more))) ** 3) if met else 3.0


def decoyed(words: near_index.Words, algorithm: str, key: bytes) -> near_index.Words:
    """The hashes with the signs of one of the three mirrorings, chosen by key and hash."""
    seed = hashlib.blake2b(algorithm.encode(), key=key, digest_size=8).digest()
    odd = np.frombuffer(seed, np.uint64) | np.uint64(1)
    chosen = ((words[:, 0] * odd) >> np.uint64(33)) % np.uint64(3)
    return words ^ mirrorings(algorithm)[chosen.astype(np.int64)]


@cache
def mirrorings(algorithm: str) -> near_index.Words:
    """What mirroring left to right, top to bottom and both inverts in a hash."""
    second = np.arange(_SIDES[algorithm]) % 2 == 1
    none = np.zeros_like(second)
    masks = [rows[:, None] ^ columns for rows, columns in ((none, second), (second, none), (second, second))]
    return near_index.words_of(np.packbits(np.reshape(masks, (3, -1)), axis=1))
