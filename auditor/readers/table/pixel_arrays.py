"""Pictures written as arrays of numbers: lists of lists, as image libraries hand them to tables."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor.readers.table.arrow_types import is_list_type

# Shorter sides are those of boxes, corners and matrices of angles; 8 x 8 is the smallest picture of a known data set.
MIN_SIDE = 8
_CHANNELS = (1, 3, 4)
NOT_PIXELS = "arrays of numbers that may be pictures, but are not rows of pixels of 0 to 255"


@dataclass(frozen=True, slots=True)
class PixelArrays:
    """Which values of a column of lists are pictures.

    Attributes:
        values: The column; it has lists of lists of numbers.
        indices: The values that are pixels of 0 to 255, of one shape of those that pictures have.
        unclear: The values that have a picture's shape, but other numbers.
    """

    values: pa.Array = field(default_factory=lambda: pa.nulls(0))
    indices: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    unclear: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def pixels(self, index: int) -> NDArray[np.uint8]:
        """Return the picture in one of the values at ``indices``: (height, width) or (height, width, channels)."""
        array = _array(self.values.slice(index, 1))
        assert array is not None
        pixels = array.astype(np.uint8)
        return np.moveaxis(pixels, 0, 2) if pixels.ndim == 3 and pixels.shape[2] not in _CHANNELS else pixels


def pixel_arrays(values: pa.Array) -> PixelArrays:
    """Tell which values of a column of lists are pictures; vectors are none."""
    if not is_list_type(values.type.field(0).type):
        return PixelArrays()
    good, unclear = [], []
    for index in np.flatnonzero(values.is_valid().to_numpy(zero_copy_only=False)).tolist():
        array = _array(values.slice(index, 1))
        if array is None or not _has_shape_of_picture(array):
            continue
        if _is_of_pixels(array):
            good.append(index)
        elif _may_be_scaled_pixels(array):
            unclear.append(index)
    return PixelArrays(values, np.array(good, np.int64), np.array(unclear, np.int64))


def _array(value: pa.Array) -> NDArray[np.generic] | None:
    """Return a pixel array with all its dimensions; None if its lists differ in length, or it holds a null."""
    shape: list[int] = []
    while is_list_type(value.type):
        if value.null_count:
            return None
        lengths = pc.unique(pc.list_value_length(value)).to_pylist()
        if len(lengths) != 1 or not lengths[0]:
            return None
        shape.append(int(lengths[0]))
        value = pc.list_flatten(value)
    if value.null_count:
        return None
    return value.to_numpy(zero_copy_only=False).reshape(shape)  # type: ignore[no-any-return]


def _has_shape_of_picture(array: NDArray[np.generic]) -> bool:
    """Return whether an array in a table's cell is large enough on two sides to hold a picture's pixels."""
    shape: list[int] = [side for side in array.shape if side > 1] if array.ndim > 3 else list(array.shape)
    if len(shape) == 2:
        return min(shape) >= MIN_SIDE
    return len(shape) >= 3 and sorted(shape)[-2] >= MIN_SIDE


def _is_of_pixels(array: NDArray[np.generic]) -> bool:
    """Return whether an array's shape and numbers are those of a picture's pixels."""
    if array.ndim > 3 or (array.ndim == 3 and array.shape[2] not in _CHANNELS and array.shape[0] not in _CHANNELS):
        return False
    if array.dtype == np.uint8:
        return True
    if not np.issubdtype(array.dtype, np.number):
        return False
    numbers = array.astype(np.float64)
    # Labels of classes and counts are small whole numbers; a picture that dark shows nothing.
    return bool((numbers >= 0).all() and (numbers <= 255).all() and (numbers == np.rint(numbers)).all())


def _may_be_scaled_pixels(array: NDArray[np.generic]) -> bool:
    """Return whether an array may be of pixels in another scale; one with negative numbers is of features."""
    if array.ndim == 3 and (array.shape[0] in _CHANNELS or array.shape[2] in _CHANNELS):
        return True
    numbers = array.astype(np.float64)
    return bool((numbers >= 0).all() and (numbers <= 255).all())
