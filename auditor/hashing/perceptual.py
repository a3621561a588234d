"""Compute pHash and dHash, 64 bits each, as the imagehash library does."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

PERCEPTUAL_ALGORITHMS = ("phash-64", "dhash-64")


def perceptual_hashes(gray: Image.Image, algorithms: Collection[str]) -> Mapping[str, bytes]:
    """Return the wanted pHash and dHash of a picture in mode ``L``, 8 bytes each, as imagehash writes them."""
    import imagehash  # brings SciPy: only those who have such a list pay for it

    functions = {"phash-64": imagehash.phash, "dhash-64": imagehash.dhash}
    return {
        name: np.packbits(function(gray).hash.ravel()).tobytes()
        for name, function in functions.items()
        if name in algorithms
    }
