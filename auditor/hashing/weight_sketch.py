"""Sketches of weights: all sampled tensors of a model folded into one short vector, which can be compared fast."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

SKETCH_SIZE = 1024


def sketch_tensors(shapes: Mapping[str, tuple[int, ...]], values: Mapping[str, Floats]) -> Floats:
    """All tensors folded into :data:`SKETCH_SIZE` numbers; those of a model's files add up to the model's.

    A count sketch (Charikar et al. 2002): places and signs follow from a tensor's shape alone, so that models
    whose tensors were renamed come near each other too.
    """
    sums = np.zeros(SKETCH_SIZE, np.float64)
    for name, floats in values.items():
        places, signs = _sketch_places_and_signs(shapes[name], len(floats))
        sums += np.bincount(places, floats * signs, SKETCH_SIZE)
    return sums.astype(np.float32)


def normalize_vector(vector: Floats) -> Floats:
    """The vector with length one; one without length, or whose length is no number, stays."""
    length = np.linalg.norm(vector)
    return (vector / length if 0 < length < np.inf else vector).astype(np.float32)


@lru_cache(maxsize=256)
def _sketch_places_and_signs(shape: tuple[int, ...], count: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """Places in the sketch and signs for the values of a tensor of this shape, from raw bits.

    Sketches are kept in lists, and NumPy keeps the stream of a bit generator, not what it draws from one (NEP 19).
    """
    seed = hashlib.blake2b(repr(shape).encode(), digest_size=8).digest()
    bits = np.random.PCG64(int.from_bytes(seed, "little")).random_raw(count) >> np.uint64(53)
    return (bits >> np.uint64(1)).astype(np.int64), np.where(bits & np.uint64(1), 1, -1).astype(np.float32)
