"""Find pictures among the tensors of a model's weights, by their shape and by how their values change.

Of each tensor that has the shape of a picture a few rows are read. One whose values change as a picture's do is hashed
as arrays of pixels are; weights are not, so a file of weights is not read whole.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from auditor.blob import Blob
from auditor.hashing.value_content import HEAD_BYTES
from auditor.hashing.weight_dtypes import decode_values
from auditor.part_builders.array_contents import (
    BATCH_BYTES,
    FLAT,
    StoredArray,
    change_as_flat_pixels,
    change_as_pixels,
    picture_layout,
    plane_layout,
    read_array,
)
from auditor.part_builders.file_samples import MAX_DECODED_BYTES
from auditor.parts import PartlyRead
from auditor.samples import NEAR_ALGORITHMS, Samples
from auditor.syntax.image_magic import is_image
from auditor.syntax.safetensors_header import Tensor

# Types of safetensors that NumPy has as they are; others are decoded to numbers with a fraction.
_PLAIN_TYPES = {"U8": "u1", "I16": "<i2", "U16": "<u2", "I32": "<i4", "U32": "<u4", "I64": "<i8", "U64": "<u8"}
_FLAT_TYPES = ("U8", "F32", "F16")
_FLAT_BYTES = 1 << 16
_DECODED_TYPES = {"F16": 2, "BF16": 2, "F32": 4, "F64": 8}
# Planes of one tensor that are looked at, and rows of each.
_PROBED_PLANES, _PROBED_ROWS = 16, 8


def read_tensor_pictures(
    blob: Blob,
    file: BinaryIO,
    tensors: Mapping[str, Tensor],
    algorithms: Collection[str],
    variants: Collection[str],
    start: int = 0,
) -> Iterator[Samples | PartlyRead | Blob]:
    """Yield the pictures among tensors as samples. Raises OSError.

    Args:
        blob: The file of weights.
        file: The same, open.
        tensors: Its tensors by name.
        algorithms: What the loaded lists ask.
        variants: Further forms of a picture that are hashed.
        start: Where in the file the offsets of tensors begin.
    """
    if set(NEAR_ALGORITHMS).isdisjoint(algorithms):
        return
    for name, tensor in tensors.items():
        stored = _PLAIN_TYPES.get(tensor.dtype)
        dtype = np.dtype(stored) if stored else np.dtype(np.float32)
        shape = tuple(tensor.shape)
        if not stored and tensor.dtype not in _DECODED_TYPES:
            continue
        layout = picture_layout(dtype, shape) or plane_layout(dtype, shape)
        offset = start + tensor.data_offsets[0]
        if tensor.dtype == "U8" and (data := _encoded_picture(file, offset, math.prod(shape))):
            yield blob.member(name, data)
            continue
        if not layout and tensor.dtype in _FLAT_TYPES and len(shape) <= 2:
            file.seek(offset)
            if change_as_flat_pixels(
                _values(file.read(min(_FLAT_BYTES, math.prod(shape) * _bytes_of(tensor.dtype))), tensor.dtype)
            ):
                yield PartlyRead(blob, name, FLAT)
        is_whole = offset + _bytes_of(tensor.dtype) * math.prod(shape) <= blob.size
        if layout and is_whole and _may_be_picture(file, tensor.dtype, offset, shape, layout):
            array = StoredArray(name, dtype, shape, partial(_rows, file, tensor.dtype, offset, shape))
            yield from read_array(blob, array, algorithms, variants, are_weights=True)


def _encoded_picture(file: BinaryIO, offset: int, size: int) -> bytes:
    """Return the encoded picture that a tensor of bytes is; b"" for none. Raises OSError."""
    file.seek(offset)
    if not is_image(file.read(min(size, HEAD_BYTES))) or size > MAX_DECODED_BYTES:
        return b""
    file.seek(offset)
    return file.read(size)


def _bytes_of(dtype: str) -> int:
    """Return the bytes of a tensor's value."""
    return np.dtype(_PLAIN_TYPES[dtype]).itemsize if dtype in _PLAIN_TYPES else _DECODED_TYPES[dtype]


def _values(data: bytes, dtype: str) -> NDArray[Any]:
    """Return the values in a tensor's bytes."""
    return np.frombuffer(data, _PLAIN_TYPES[dtype]) if dtype in _PLAIN_TYPES else decode_values(data, dtype)


def _rows(file: BinaryIO, dtype: str, offset: int, shape: tuple[int, ...], rows: int) -> Iterator[NDArray[Any]]:
    """Yield the rows of a tensor, so many at a time."""
    row_bytes = _bytes_of(dtype) * math.prod(shape[1:])
    for first in range(0, shape[0], rows):
        count = min(rows, shape[0] - first)
        file.seek(offset + first * row_bytes)
        yield _values(file.read(count * row_bytes), dtype).reshape(count, *shape[1:])


def _may_be_picture(file: BinaryIO, dtype: str, offset: int, shape: tuple[int, ...], layout: str) -> bool:
    """Return whether any of some planes of a tensor changes as a picture does, by a few of its rows."""
    height, width = shape[-3:-1] if layout == "HWC" else shape[-2:]
    channels = shape[-1] if layout == "HWC" else 1
    count = math.prod(shape) // (height * width * channels)
    row_bytes = _bytes_of(dtype) * width * channels
    rows = min(_PROBED_ROWS, height)
    if rows * row_bytes > BATCH_BYTES:
        return False
    for plane in range(0, count, max(1, count // _PROBED_PLANES)):
        file.seek(offset + (plane * height + (height - rows) // 2) * row_bytes)
        probe = _values(file.read(rows * row_bytes), dtype).reshape(1, rows, width, channels)
        if change_as_pixels(probe[..., 0])[0]:
            return True
    return False
