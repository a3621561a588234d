"""Rotate and mirror pictures in eight ways (the dihedral group), with PDQ's names, and by EXIF orientation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Transform = Callable[[NDArray[Any]], NDArray[Any]]

# Named as the C++ tool names the hashes it derives (pdq/cpp/hashing/pdqhashing.cpp): views, not copies.
DIHEDRAL_TRANSFORMS: Mapping[str, Transform] = {
    "rotate-90": lambda plane: np.rot90(plane, 1),
    "rotate-180": lambda plane: plane[::-1, ::-1],
    "rotate-270": lambda plane: np.rot90(plane, -1),
    "flip-x": lambda plane: plane[::-1],
    "flip-y": lambda plane: plane[:, ::-1],
    "flip-plus": lambda plane: plane.T,
    "flip-minus": lambda plane: plane[::-1, ::-1].T,
}

# EXIF 2.32, tag 0x0112: how the stored picture must be transformed to show it upright.
_EXIF_TRANSFORMS: Mapping[int, str] = {
    2: "flip-y",
    3: "rotate-180",
    4: "flip-x",
    5: "flip-plus",
    6: "rotate-270",
    7: "flip-minus",
    8: "rotate-90",
}


def apply_exif_orientation(plane: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return the (height, width) plane rotated and mirrored by an EXIF orientation; unchanged for 1 or unknown."""
    return DIHEDRAL_TRANSFORMS[_EXIF_TRANSFORMS[orientation]](plane) if orientation in _EXIF_TRANSFORMS else plane


def exif_changes_orientation(orientation: int) -> bool:
    """Return whether this EXIF orientation rotates or mirrors the picture."""
    return orientation in _EXIF_TRANSFORMS
