"""Files and flattened pictures in lists of bytes, as tables have them that were made from arrays."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.hashing.value_content import HEAD_BYTES
from auditor.part_builders.array_contents import MIN_FLAT, change_as_flat_pixels
from auditor.readers.table.arrow_types import is_byte_list_type, is_list_type, is_number_list_type
from auditor.syntax.image_magic import is_image
from auditor.syntax.nested_columns import Leaf

FLAT_PIXELS = "lists of numbers that can be pictures, each flattened to one list: not read"
# Long lists of numbers of a batch that are looked at for flattened pictures.
_PROBED_LISTS = 16
# No embedding or list of labels is so long: such a list of bytes can be a picture of any shape.
MIN_LONG = 1 << 14
_CHANNELS = (1, 3, 4)
# With these two bytes JPEG, PNG, GIF and RIFF files begin.
_BEGINNINGS = ((0xFF, 0xD8), (0x89, 0x50), (0x47, 0x49), (0x52, 0x49))


def with_encoded_files(leaf: Leaf) -> Leaf:
    """Return a column of lists of whole numbers as a column of bytes if any is an encoded picture; else the column."""
    if not (is_list_type(leaf.values.type) and pa.types.is_integer(leaf.values.type.field(0).type)):
        return leaf
    flat = pc.list_flatten(leaf.values)
    if flat.null_count or len(flat) < 2:
        return leaf
    lengths = pc.fill_null(pc.list_value_length(leaf.values), 0).to_numpy(zero_copy_only=False)
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1])).astype(np.int64)
    numbers = flat.to_numpy(zero_copy_only=False)
    first, second = (numbers[np.minimum(starts + at, len(numbers) - 1)] for at in (0, 1))
    begins = np.zeros(len(starts), bool)
    for one, two in _BEGINNINGS:
        begins |= (first == one) & (second == two) & (lengths >= HEAD_BYTES)
    kept, files = [], []
    for index in np.flatnonzero(begins).tolist():
        values = numbers[starts[index] : starts[index] + lengths[index]]
        if values.min() >= 0 and values.max() <= 255 and is_image(data := values.astype(np.uint8).tobytes()):
            kept.append(index)
            files.append(data)
    return replace(leaf, values=pa.array(files, pa.large_binary()), rows=leaf.rows[kept]) if files else leaf


def may_be_flat_pictures(values: pa.Array) -> bool:
    """Return whether lists of numbers can be flattened pictures.

    Lists of bytes are told by their length: that of a square picture, or more than any vector's. Lists of other numbers
    are told by how their values change.
    """
    if is_byte_list_type(values.type):
        lengths = [length for length in pc.unique(pc.list_value_length(values)).to_pylist() if length]
        return any(
            length >= MIN_LONG
            or (length >= MIN_FLAT and any(math.isqrt(length // n) ** 2 * n == length for n in _CHANNELS))
            for length in lengths
        )
    if not is_number_list_type(values.type):
        return False
    long = np.flatnonzero(pc.fill_null(pc.greater_equal(pc.list_value_length(values), MIN_FLAT), False).to_numpy(False))
    for index in long[:: max(1, len(long) // _PROBED_LISTS)].tolist():
        numbers = values[index].values
        if not numbers.null_count and change_as_flat_pixels(numbers.to_numpy(zero_copy_only=False)):
            return True
    return False
