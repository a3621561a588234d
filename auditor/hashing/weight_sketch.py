"""Compute sketches of weights: fold the sampled tensors of a model into one short vector, for fast comparison."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

SKETCH_SIZE = 1024


def sketch_tensors(shapes: Mapping[str, tuple[int, ...]], values: Mapping[str, Floats]) -> Floats:
    """Fold tensors into a vector of :data:`SKETCH_SIZE` numbers; the sketches of a model's files add up to the model's.

    This is a count sketch (Charikar et al. 2002). Places and signs depend on a tensor's shape alone, so models whose
    tensors were renamed have similar sketches too.
    """
    sums = np.zeros(SKETCH_SIZE, np.float64)
    for name, floats in values.items():
        places, signs = _sketch_places_and_signs(shapes[name], len(floats))
        sums += np.bincount(places, floats * signs, SKETCH_SIZE)
    return sums.astype(np.float32)


def normalize_vector(vector: Floats) -> Floats:
    """Return the sketch scaled to length one; unchanged if its length is zero or not finite."""
    length = np.linalg.norm(vector)
    return (vector / length if 0 < length < np.inf else vector).astype(np.float32)


@lru_cache(maxsize=256)
def _sketch_places_and_signs(shape: tuple[int, ...], count: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return places in the sketch and signs for the values of a tensor of this shape, derived from raw random bits.

    Sketches are stored in lists. NumPy guarantees the stream of a bit generator, but not the numbers that are drawn
    from it (NEP 19).
    """
    seed = hashlib.blake2b(repr(shape).encode(), digest_size=8).digest()
    bits = np.random.PCG64(int.from_bytes(seed, "little")).random_raw(count) >> np.uint64(53)
    return (bits >> np.uint64(1)).astype(np.int64), np.where(bits & np.uint64(1), 1, -1).astype(np.float32)
