"""Compute PDQ, a 256-bit hash that changes little when a picture is resized or recompressed, and its quality.

PDQ blurs the luma twice with a box filter, samples 64 x 64 points, takes 16 x 16 coefficients of their discrete cosine
transform, and sets a bit for each coefficient above the median (facebook/ThreatExchange, ``pdq/README.md``). Blur,
sampling and transform are linear and separable, and their matrices depend on the size of the image alone. They are
computed here as two products with banded matrices, which are cached.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8] | NDArray[np.float32]
Plane = NDArray[np.float32]

# Below this quality neither a sample nor a list's entry is matched (pdq/README.md).
MIN_QUALITY = 50
# The reference does not hash pictures with a shorter side: zero bits, quality 0.
MIN_SIDE = 5
# The C++ tool first scales larger pictures to a square of this side; Java and PyPI's pdqhash do not.
SCALED_SIDE = 512

_POINTS = 64
# Points computed by one product: few, so that the band is nearly full; enough, so that the calls cost little.
_BAND = 4


class Pdq(NamedTuple):
    """The hash, 32 bytes (the first byte is the first two digits of the reference's hex), and its quality, 0-100."""

    digest: bytes
    quality: int


def pdq(luma: Luma) -> Pdq:
    """Return the PDQ hash of a (height, width) plane of luma 0-255, without scaling it first."""
    spectrum, quality = pdq_spectrum(luma)
    return Pdq(hash_spectrum(spectrum), quality)


def scale_to_square(luma: Luma) -> Luma:
    """Scale a larger picture for PDQ to 512 x 512 by picking pixels, as the C++ tool does (``pdqio.cpp``)."""
    height, width = luma.shape
    if max(height, width) <= SCALED_SIDE:
        return luma
    rows, columns = (np.arange(SCALED_SIDE) * side // SCALED_SIDE for side in (height, width))
    picked: Luma = luma[rows[:, None], columns]
    return picked


def pdq_spectrum(luma: Luma) -> tuple[Plane, int]:
    """Return PDQ's 16 x 16 coefficients, from which all eight dihedral hashes follow, and the quality 0-100."""
    if min(luma.shape) < MIN_SIDE:
        return np.zeros((16, 16), np.float32), 0
    points = sample_points(luma)
    return np.linalg.multi_dot((_COSINES, points, _COSINES.T)), int(_qualities(points))


def hash_spectrum(spectrum: Plane) -> bytes:
    """Return the PDQ hash, 32 bytes: one bit for each coefficient, set above the lower median; the last first."""
    flat = spectrum.ravel()
    median = np.partition(flat, 127)[127]
    return np.packbits(flat[::-1] > median).tobytes()


def hash_points(points: Plane) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the PDQ hashes (n, 32) and the qualities 0-100 of n planes of sampled points, (n, 64, 64)."""
    flat = np.matmul(_COSINES @ points, _COSINES.T).reshape(len(points), 256)
    medians = np.partition(flat, 127, axis=1)[:, 127:128]
    return np.packbits(flat[:, ::-1] > medians, axis=1), _qualities(points)


def dihedral_hashes(spectrum: Plane) -> Mapping[str, bytes]:
    """Return the PDQ hashes of the seven other orientations of the picture, by name.

    The coefficients of a mirrored picture differ in sign only; those of a transposed picture are transposed.
    """
    return {
        name: hash_spectrum((spectrum * signs).T if transposed else spectrum * signs)
        for name, (signs, transposed) in _DIHEDRAL.items()
    }


def sample_points(luma: Luma) -> Plane:
    """Return PDQ's 64 x 64 points of the blurred luma; no side is below MIN_SIDE."""
    height, width = luma.shape
    rows = np.empty((_POINTS, width), np.float32)
    for at, (start, stop, weights) in zip(range(0, _POINTS, _BAND), _filter_bands(height), strict=True):
        np.matmul(weights, luma[start:stop].astype(np.float32), out=rows[at : at + _BAND])
    points = np.empty((_POINTS, _POINTS), np.float32)
    for at, (start, stop, weights) in zip(range(0, _POINTS, _BAND), _filter_bands(width), strict=True):
        np.matmul(rows[:, start:stop], weights.T, out=points[:, at : at + _BAND])
    return points


@lru_cache(maxsize=512)
def _filter_bands(side: int) -> tuple[tuple[int, int, Plane], ...]:
    """Return PDQ's filter for a side of this many pixels, in bands of four points: first pixel, last pixel, weights.

    A cached filter takes about 20 bytes for each pixel of the side.
    """
    # As in the reference, a box of even width reaches one pixel further ahead, and boxes are cut at the edges.
    window = (side + 2 * _POINTS - 1) // (2 * _POINTS)
    ahead = (window + 2) // 2
    behind = window - ahead
    pixels = np.arange(side)
    low, high = np.maximum(0, pixels - behind), np.minimum(side, pixels + ahead)
    share = 1.0 / (high - low)
    # A sampled point is the mean of the boxes low[point] to high[point]; of these, the boxes from pixel
    # - ahead + 1 to pixel + behind hold that pixel. Running sums of their shares give its weight.
    points = ((np.arange(_POINTS) + 0.5) * side / _POINTS).astype(np.int64)
    first, last = low[low[points]], high[high[points] - 1]
    held = first[:, None] + np.arange(2 * window)
    begin = np.minimum(np.maximum(low[points, None], held - ahead + 1), side)
    end = np.minimum(high[points, None], held + behind + 1)
    sums = np.concatenate(((0.0,), np.cumsum(share)))
    weights = share[points, None] * np.maximum(0, sums[end] - sums[begin])
    bands = []
    for at in range(0, _POINTS, _BAND):
        start, stop = int(first[at]), int(last[at + _BAND - 1])
        band = np.zeros((_BAND, stop - start), np.float32)
        for row, point in enumerate(range(at, at + _BAND)):
            count = last[point] - first[point]
            band[row, first[point] - start :][:count] = weights[point, :count]
        bands.append((start, stop, band))
    return tuple(bands)


def _qualities(points: Plane) -> NDArray[np.int64]:
    """Return the PDQ quality 0-100 of planes of points, (..., 64, 64).

    It is the sum of differences between neighbouring points, in whole percent of the range.
    """
    down = np.trunc((points[..., 1:, :] - points[..., :-1, :]) * 100 / 255)
    across = np.trunc((points[..., 1:] - points[..., :-1]) * 100 / 255)
    sums = np.abs(down).sum(axis=(-2, -1)) + np.abs(across).sum(axis=(-2, -1))
    return np.minimum(100, np.asarray(sums).astype(np.int64) // 90)


_COSINES: Plane = np.asarray(
    np.sqrt(2 / _POINTS) * np.cos(np.pi / 2 / _POINTS * np.outer(np.arange(1, 17), 2 * np.arange(_POINTS) + 1)),
    np.float32,
)

# Row and column k hold frequency k + 1: mirroring turns the sign of the odd frequencies.
_ODD = np.where(np.arange(16) % 2, 1, -1).astype(np.float32)
_DOWN, _ACROSS = np.broadcast_to(_ODD[:, None], (16, 16)), np.broadcast_to(_ODD, (16, 16))
_DIHEDRAL: Mapping[str, tuple[Plane, bool]] = {
    "rotate-90": (_ACROSS, True),
    "rotate-180": (_DOWN * _ACROSS, False),
    "rotate-270": (_DOWN, True),
    "flip-x": (_DOWN, False),
    "flip-y": (_ACROSS, False),
    "flip-plus": (np.ones((16, 16), np.float32), True),
    "flip-minus": (_DOWN * _ACROSS, True),
}
