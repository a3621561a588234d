"""Decode the values of tensors in the float and integer types that weights are stored in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from auditor.hashing.weight_sketch import Floats

# NumPy types of the same bits, by safetensors' names. NumPy has no bfloat16 and no 8-bit floats: their bits are read as
# integers and converted.
NUMPY_DTYPES: Mapping[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
    "F8_E4M3": np.dtype("u1"),
    "F8_E5M2": np.dtype("u1"),
    "I32": np.dtype("<i4"),
    "U32": np.dtype("<u4"),
    "I16": np.dtype("<i2"),
    "U16": np.dtype("<u2"),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
}
FLOAT_DTYPES = ("F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2")


def _e4m3_table() -> Floats:
    """Return the value of each byte in the dtype F8_E4M3: bias 7, 0x7F and 0xFF are NaN (arXiv 2209.05433)."""
    bits = np.arange(256)
    exponents, mantissas = bits >> 3 & 15, bits & 7
    sizes = np.where(exponents > 0, 2.0 ** (exponents - 7) * (1 + mantissas / 8), 2.0**-6 * mantissas / 8)
    sizes[bits & 127 == 127] = np.nan
    return np.where(bits & 128, -sizes, sizes).astype(np.float32)


_E4M3 = _e4m3_table()


def decode_values(data: bytes, dtype: str) -> Floats:
    """Return the values that the bytes hold in a type of NUMPY_DTYPES, as float32."""
    stored = NUMPY_DTYPES[dtype]
    values = np.frombuffer(data, stored, len(data) // stored.itemsize)
    if dtype == "BF16":
        return (values.astype(np.uint32) << 16).view(np.float32)
    if dtype == "F8_E4M3":
        return np.take(_E4M3, values)
    if dtype == "F8_E5M2":  # the upper byte of a float16
        return (values.astype(np.uint16) << 8).view(np.float16).astype(np.float32)
    with np.errstate(over="ignore"):
        return values.astype(np.float32)
