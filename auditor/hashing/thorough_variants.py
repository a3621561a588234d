"""Compute PDQ hashes of a picture with common edits undone: borders, captions, collages, rotation, cropping, inversion.

All are computed from the 64 x 64 points that PDQ samples, so a variant costs a small part of decoding the picture. The
hash of an inner window differs from that of the picture cut to this window by 4 to 10 bits (median), and that of a half
by 8. The quality of each variant is that of its own points.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from auditor.hashing.pdq import MIN_SIDE, Luma, Plane, hash_points, sample_points

# More than any distance: a variant that is not thorough is matched by the threshold of its list.
NO_LIMIT = 1_000
_POINTS = 64
# Part of the shorter side that a border takes, in percent on each edge. PDQ finds a picture again that is up to 1 %
# of its side out of place at each edge, so steps of 1 % leave no gap.
_BORDER_PERCENTS = range(1, 16)
# Part of the height that a caption takes, in percent; one edge alone is out of place by at most half a step.
_CAPTION_PERCENTS = range(4, 28, 2)
# What was cut from each edge, or from one edge, in percent of the side before.
_CROP_PERCENTS = range(2, 6)
_ONE_EDGE_CROP_PERCENTS = (3, 6)
_ROTATION_DEGREES = range(1, 6)
# Luma above which a picture counts as clipped, and over how many levels that begins.
_CLIPPED_FROM = 235
_CLIPPED_OVER = 20
# Aspect ratios are rounded to this part of an octave: 2 % at most, or 0.3 % of a side in the widest border.
_ASPECT_STEPS = 16
_MAX_ASPECT_STEP = 2 * _ASPECT_STEPS


class ThoroughVariant(NamedTuple):
    """A variant's name, its PDQ and the quality of the points that it was computed from."""

    name: str
    digest: bytes
    quality: int


class _Window(NamedTuple):
    """A part of a picture as shares of its height and width; below 0 and above 1 the edge is repeated."""

    top: float
    bottom: float
    left: float
    right: float


def thorough_hashes(luma: Luma) -> Iterator[ThoroughVariant]:
    """Yield the thorough variants of a (height, width) plane of luma 0-255, in the order of :data:`THRESHOLDS`."""
    if min(luma.shape) < MIN_SIDE:
        return
    points, aspect = sample_points(luma), _aspect_step(luma.shape)
    planes = np.concatenate(
        (
            points[None],
            _resample(points, *_border_weights(aspect)),
            _resample(points, *_window_weights()),
            _rotate(points, *_rotation_grids(aspect)),
            _restore_highlights(points),
        )
    )
    digests, qualities = hash_points(planes)
    # The coefficients of an inverted picture have the other sign, so its hash is the complement.
    digests[0] ^= 0xFF
    for name, digest, quality in zip(THRESHOLDS, digests, qualities, strict=True):
        yield ThoroughVariant(name, digest.tobytes(), int(quality))


def is_thorough(variant: str) -> bool:
    """Return whether this is the name of a thorough variant, of the first frame or another (``frame-2+inverted``)."""
    return variant.rpartition("+")[2] in THRESHOLDS


def variant_threshold(variant: str) -> int:
    """Return the largest distance at which a thorough variant is matched by any list; NO_LIMIT for others."""
    return THRESHOLDS.get(variant.rpartition("+")[2], NO_LIMIT)


def _windows() -> Mapping[str, _Window]:
    """Return the windows of thorough variants that are the same for every aspect ratio."""
    windows = {}
    for percent in _CAPTION_PERCENTS:
        share = percent / 100
        windows[f"without-bottom-{percent}"] = _Window(0, 1 - share, 0, 1)
        windows[f"without-top-{percent}"] = _Window(share, 1, 0, 1)
    windows["top-half"] = _Window(0, 0.5, 0, 1)
    windows["bottom-half"] = _Window(0.5, 1, 0, 1)
    windows["left-half"] = _Window(0, 1, 0, 0.5)
    windows["right-half"] = _Window(0, 1, 0.5, 1)
    for percent in _CROP_PERCENTS:
        cut = percent / (100 - 2 * percent)
        windows[f"extended-{percent}"] = _Window(-cut, 1 + cut, -cut, 1 + cut)
    for percent in _ONE_EDGE_CROP_PERCENTS:
        cut = percent / (100 - percent)
        windows[f"extended-top-{percent}"] = _Window(-cut, 1, 0, 1)
        windows[f"extended-bottom-{percent}"] = _Window(0, 1 + cut, 0, 1)
        windows[f"extended-left-{percent}"] = _Window(0, 1, -cut, 1)
        windows[f"extended-right-{percent}"] = _Window(0, 1, 0, 1 + cut)
    return windows


def _rotations() -> Mapping[str, tuple[int, bool]]:
    """Return by name how thorough variants were turned: the degrees counter-clockwise, and whether the canvas grew."""
    return {
        f"rotated-{'left' if sign > 0 else 'right'}-{degrees}{'-enlarged' if enlarged else ''}": (
            sign * degrees,
            enlarged,
        )
        for degrees in _ROTATION_DEGREES
        for sign in (1, -1)
        for enlarged in (False, True)
    }


def _aspect_step(shape: tuple[int, ...]) -> int:
    """Return the aspect ratio of a thorough variant, height to width, in rounded steps of a part of an octave."""
    step = round(_ASPECT_STEPS * math.log2(shape[0] / shape[1]))
    return max(-_MAX_ASPECT_STEP, min(_MAX_ASPECT_STEP, step))


def _sides(aspect_step: int) -> tuple[float, float]:
    """Return (height, width) of this aspect ratio for thorough variants; the shorter side is 1."""
    ratio = 2 ** (aspect_step / _ASPECT_STEPS)
    return max(1.0, ratio), max(1.0, 1 / ratio)


@lru_cache(maxsize=16)
def _border_weights(aspect_step: int) -> tuple[Plane, Plane]:
    """Return the weights of the thorough variants' windows inside borders that are equally wide at every edge."""
    height, width = _sides(aspect_step)
    shares = [percent / 100 for percent in _BORDER_PERCENTS]
    windows = [_Window(each / height, 1 - each / height, each / width, 1 - each / width) for each in shares]
    return _stack_weights(windows)


@lru_cache(maxsize=1)
def _window_weights() -> tuple[Plane, Plane]:
    """Return the weights of rows and of columns for the windows of thorough variants."""
    return _stack_weights(list(_windows().values()))


def _stack_weights(windows: list[_Window]) -> tuple[Plane, Plane]:
    """Return the weights (n, 64, 64) of rows and of columns for each window of thorough variants."""
    rows = np.stack([_axis_weights(each.top, each.bottom) for each in windows])
    columns = np.stack([_axis_weights(each.left, each.right).T for each in windows])
    return rows, np.ascontiguousarray(columns)


def _axis_weights(start: float, end: float) -> Plane:
    """Return a thorough variant's weights (64, 64) of the points of an axis for 64 points between two shares.

    Points between points are interpolated by cubic convolution (Keys 1981, a = -0.5).
    """
    at = (start + (np.arange(_POINTS) + 0.5) / _POINTS * (end - start)) * _POINTS - 0.5
    first = np.floor(at).astype(np.int64)
    t = at - first
    taps = (
        -0.5 * t + t**2 - 0.5 * t**3,
        1 - 2.5 * t**2 + 1.5 * t**3,
        0.5 * t + 2 * t**2 - 1.5 * t**3,
        -0.5 * t**2 + 0.5 * t**3,
    )
    weights = np.zeros((_POINTS, _POINTS))
    for offset, tap in zip((-1, 0, 1, 2), taps, strict=True):
        np.add.at(weights, (np.arange(_POINTS), np.clip(first + offset, 0, _POINTS - 1)), tap)
    return weights.astype(np.float32)


def _resample(points: Plane, rows: Plane, columns: Plane) -> Plane:
    """Return the points (n, 64, 64) of n windows of thorough variants."""
    resampled: Plane = np.matmul((rows.reshape(-1, _POINTS) @ points).reshape(rows.shape), columns)
    return resampled


@lru_cache(maxsize=16)
def _rotation_grids(aspect_step: int) -> tuple[NDArray[np.intp], Plane, Plane]:
    """Return where the points before each rotation of thorough variants are: flat index, and shares beyond it."""
    height, width = _sides(aspect_step)
    share = (np.arange(_POINTS) + 0.5) / _POINTS - 0.5
    at = []
    for degrees, enlarged in _rotations().values():
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        whole_height, whole_width = height, width
        if enlarged:  # the canvas is the bounding box of the turned picture
            scale = cos**2 - sin**2
            whole_height, whole_width = (
                max(0.1, (height * cos - width * abs(sin)) / scale),
                max(0.1, (width * cos - height * abs(sin)) / scale),
            )
        x, y = share * whole_width, (share * whole_height)[:, None]
        at.append(((cos * y - sin * x) / height, (cos * x + sin * y) / width))
    place = np.clip((np.asarray(at) + 0.5) * _POINTS - 0.5, 0, _POINTS - 1)
    first = np.minimum(place.astype(np.intp), _POINTS - 2)
    beyond = (place - first).astype(np.float32)
    return first[:, 0] * _POINTS + first[:, 1], beyond[:, 0], beyond[:, 1]


def _rotate(points: Plane, index: NDArray[np.intp], down: Plane, across: Plane) -> Plane:
    """Return the points (n, 64, 64) of thorough variants: the picture before each rotation, by linear interpolation."""
    flat = points.ravel()
    here, below = flat.take(index), flat.take(index + _POINTS)
    upper = here + (flat.take(index + 1) - here) * across
    lower = below + (flat.take(index + (_POINTS + 1)) - below) * across
    return np.asarray(upper + (lower - upper) * down)


def _restore_highlights(points: Plane) -> Plane:
    """Return points (3, 64, 64) of thorough variants whose highlights, clipped by brightening, are raised again."""
    clipped = np.clip((points - _CLIPPED_FROM) / _CLIPPED_OVER, 0, 1)
    inside = clipped * (_BLUR @ clipped @ _BLUR.T)
    return np.stack((points + 30 * inside, points + 60 * inside, points + 100 * (points / 255) ** 3)).astype(np.float32)


def _blur_weights() -> Plane:
    """Return a thorough variant's Gaussian blur of 1.5 points, which sets clipped areas' middle above their edges."""
    away = np.subtract.outer(np.arange(_POINTS), np.arange(_POINTS)) / 1.5
    weights = np.exp(-(away**2) / 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


_BLUR = _blur_weights()
_NAMES = (
    "inverted",
    *(f"window-{100 - 2 * percent}" for percent in _BORDER_PERCENTS),
    *_windows(),
    *_rotations(),
    *("highlights-30", "highlights-60", "highlights-curve"),
)
# The largest distance of a match by the first part of a variant's name. Recall needs no more, as drawn pictures show
# (tests/benchmarks/recall_table.py), and smaller distances make false matches rarer and searches faster. What is
# guessed, at edges and in highlights, needs PDQ's own 31. False matches of all are estimated below one in 10^15 pairs
# of a picture and an entry (tests/benchmarks/bench_false_matches.py), so none needs less.
_FAMILY_THRESHOLDS: Mapping[str, int] = {
    "inverted": 31,
    "window": 23,
    "without": 27,
    "top": 27,
    "bottom": 27,
    "left": 27,
    "right": 27,
    "extended": 31,
    "rotated": 27,
    "highlights": 31,
}
THRESHOLDS: Mapping[str, int] = MappingProxyType({name: _FAMILY_THRESHOLDS[name.split("-")[0]] for name in _NAMES})
