"""Compute checks of tensors: a few numbers by which all tensors of two files are compared, embeddings and norms too.

A check is the length (Euclidean norm) of a tensor's sampled values and a count sketch of them. Casts to 16 bits hardly
move it; other values, another order and scaling do.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from auditor.hashing.weight_sketch import Floats

CHECK_SIZE = 16
_BUCKETS = CHECK_SIZE - 1
# A cast to bfloat16 moves a value by at most 2 ** -8 of itself, so the check of a tensor of one value by √2 as much and
# others by less; scaling by 0.5 % moves it by more. A cast to float16 moves what is near zero by at most 2 ** -25.
MAX_CHECK_DISTANCE, MAX_ABSOLUTE_DISTANCE = 1.5 * 2**-8, 2**-24
_SEED = 20_261_130


def check_values(values: Floats) -> Floats:
    """Return the checks of tensors, one a row, each with as many sampled values.

    What is no finite number counts as 1, 2 or -2 (NaN, the infinities) times the root mean square of the others.
    """
    count = values.shape[1]
    exact = values.astype(np.float64)
    if not (is_finite := np.isfinite(exact)).all():
        known = np.where(is_finite, exact, 0)
        sizes = np.sqrt((known**2).sum(axis=1, keepdims=True) / np.maximum(1, is_finite.sum(axis=1, keepdims=True)))
        stand_ins = np.nan_to_num(np.where(is_finite, 0, exact), nan=1, posinf=2, neginf=-2)
        exact = known + stand_ins * np.where(sizes > 0, sizes, 1)
    padded = np.zeros((len(values), -(-count // _BUCKETS) * _BUCKETS))
    np.multiply(exact, _signs(count), out=padded[:, :count])
    sums = padded.reshape(len(values), -1, _BUCKETS).sum(axis=1)
    with np.errstate(over="ignore"):
        return np.concatenate([np.linalg.norm(exact, axis=1)[:, None], sums], axis=1).astype(np.float32)


def agreeing_checks(left: Floats, right: Floats) -> npt.NDArray[np.bool_]:
    """Return whether checks agree to within a cast: rows of ``left`` against rows of ``right``, all pairs."""
    one, other = left.astype(np.float64), right.astype(np.float64)
    distances = np.linalg.norm(one[:, None] - other[None], axis=2)
    limits = MAX_CHECK_DISTANCE * np.maximum(one[:, :1], other[None, :, 0]) + MAX_ABSOLUTE_DISTANCE
    agree: npt.NDArray[np.bool_] = distances <= limits
    return agree


@lru_cache(maxsize=64)
def _signs(count: int) -> npt.NDArray[np.float64]:
    """Return a check's signs of so many values, from raw random bits: NumPy guarantees their stream (NEP 19)."""
    bits = np.random.PCG64(_SEED).random_raw(count) >> np.uint64(63)
    return np.where(bits, 1.0, -1.0)
