"""Ordinary pictures that tests make themselves: landscapes, patterns and objects, the same for the same seed.

They are drawn with NumPy alone, from RandomState (whose stream is frozen), so that hashes of them can be
kept as expected values. Every picture has PDQ quality of at least 80, and two pictures of different kind or
seed are more than 60 bits apart (``tests/hashing/test_pictures_made_for_tests.py``).
"""

from __future__ import annotations

import io
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Plane = NDArray[np.float64]
SIZE = (480, 360)


def landscape(seed: int, size: tuple[int, int] = SIZE) -> Image.Image:
    """Sky with clouds and a sun, ranges of hills one behind the other, and fields."""
    random = np.random.RandomState([1, seed % 2**32])
    x, y = _grid(size)
    far, near = random.uniform(0, 255, (2, 3))
    picture = _mix(far, near, y + 0.6 * _clouds(random, x.shape, 5))
    sun_x, sun_y, sun_r = random.uniform((0.1, 0.05, 0.05), (0.9, 0.4, 0.15))
    picture[(x - sun_x) ** 2 + (y - sun_y) ** 2 < sun_r**2] = random.uniform(180, 255, 3)
    horizon = random.uniform(0.25, 0.45)
    for _ in range(random.randint(3, 6)):
        ridge = horizon + 0.25 * (_clouds(random, x.shape, 4)[0] - 0.5)
        colour, shade = random.uniform(0, 255, (2, 3))
        below = y > ridge
        hill = _mix(colour, shade, _clouds(random, x.shape, random.randint(6, 14)))
        picture[below] = hill[below]
        horizon += random.uniform(0.1, 0.25)
    return _image(picture)


def pattern(seed: int, size: tuple[int, int] = SIZE) -> Image.Image:
    """Woven stripes, checks and rings in a few colours, warped a little."""
    random = np.random.RandomState([2, seed % 2**32])
    x, y = _grid(size)
    x = x + 0.15 * _clouds(random, x.shape, 3)
    y = y + 0.15 * _clouds(random, x.shape, 3)
    picture = np.zeros((*x.shape, 3))
    for _ in range(4):
        turn, count, phase = random.uniform((0, 2, 0), (np.pi, 9, 1))
        if random.randint(2):
            along = np.cos(turn) * x + np.sin(turn) * y
        else:
            along = np.hypot(x - random.uniform(0, 1), y - random.uniform(0, 1))
        wave = np.floor(2 * (along * count + phase)) % 2
        picture += wave[..., None] * random.uniform(-130, 130, 3)
    picture += _mix(*random.uniform(-90, 90, (2, 3)), _clouds(random, x.shape, 12))
    return _image(picture + 128)


def objects(seed: int, size: tuple[int, int] = SIZE) -> Image.Image:
    """Discs, boxes and wedges of many colours and sizes on a mottled ground, each with its own texture."""
    random = np.random.RandomState([3, seed % 2**32])
    x, y = _grid(size)
    picture = _mix(*random.uniform(0, 255, (2, 3)), _clouds(random, x.shape, 10))
    for _ in range(random.randint(14, 26)):
        at_x, at_y, width, height, turn = random.uniform((0, 0, 0.06, 0.06, 0), (1, 1, 0.3, 0.3, np.pi))
        along = (np.cos(turn) * (x - at_x) + np.sin(turn) * (y - at_y)) / width
        across = (np.cos(turn) * (y - at_y) - np.sin(turn) * (x - at_x)) / height
        shape = (
            along**2 + across**2 < 0.5,
            np.maximum(np.abs(along), np.abs(across)) < 0.6,
            (np.abs(along) + across < 0.6) & (across > -0.5),
        )[random.randint(3)]
        skin = _mix(*random.uniform(0, 255, (2, 3)), _clouds(random, x.shape, 16))
        picture[shape] = skin[shape]
    return _image(picture)


def jpeg(image: Image.Image, quality: int = 90, **options: object) -> bytes:
    return encoded(image, "JPEG", quality=quality, **options)


def png(image: Image.Image, **options: object) -> bytes:
    return encoded(image, "PNG", **options)


def encoded(image: Image.Image, format: str, **options: object) -> bytes:  # noqa: A002
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def _grid(size: tuple[int, int]) -> tuple[Plane, Plane]:
    """x and y of every pixel, 0 to 1, as (height, width) planes."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width]
    return x / width, y / height


def _clouds(random: np.random.RandomState, shape: tuple[int, ...], detail: int) -> Plane:
    """Smooth noise, 0 to 1, with ``detail`` cells across and two finer octaves."""
    total = np.zeros(shape)
    for octave, weight in enumerate((0.6, 0.3, 0.1)):
        knots = random.uniform(-0.5, 1.5, (detail * 2**octave + 1,) * 2)
        total += weight * (_between(shape[0], len(knots)) @ knots @ _between(shape[1], len(knots)).T)
    return np.clip(total, 0, 1)


@cache
def _between(pixels: int, knots: int) -> Plane:
    """Weights (pixels, knots) that pass smoothly from each knot to the next."""
    at = np.linspace(0, knots - 1, pixels, endpoint=False)
    away = np.abs(at[:, None] - np.arange(knots))
    return np.where(away < 1, 1 - away * away * (3 - 2 * away), 0)


def _mix(one: NDArray[np.float64], other: NDArray[np.float64], share: Plane) -> NDArray[np.float64]:
    """A (height, width, 3) picture between two colours, stretched apart so that it never looks flat."""
    gap = other - one
    # Luma is what PDQ sees: two colours of one luma would leave it a blank.
    if abs(gap @ (0.299, 0.587, 0.114)) < 80:
        one, other = one * 0.4, other * 0.4 + 150
    return one + np.clip(share, 0, 1)[..., None] * (other - one)


def _image(picture: NDArray[np.float64]) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(picture), 0, 255).astype(np.uint8), "RGB")
