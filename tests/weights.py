"""Makes small weights files for tests and for the example hub."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np

DTYPES = {"float32": "F32", "float16": "F16", "float64": "F64", "uint8": "U8", "int64": "I64"}


def safetensors_bytes(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None) -> bytes:
    """A safetensors file of these tensors, in their order. ``uint16`` stands for bfloat16's bits."""
    top: dict[str, object] = {"__metadata__": dict(metadata)} if metadata is not None else {}
    parts: list[bytes] = []
    at = 0
    for name, values in tensors.items():
        data = np.ascontiguousarray(values).tobytes()
        dtype = "BF16" if values.dtype == np.uint16 else DTYPES[values.dtype.name]
        top[name] = {"dtype": dtype, "shape": list(values.shape), "data_offsets": [at, at + len(data)]}
        parts.append(data)
        at += len(data)
    text = json.dumps(top, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join((struct.pack("<Q", len(text)), text, *parts))


def safetensors_file(path: Path, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(safetensors_bytes(tensors, metadata))
    return path


def bfloat16(values: np.ndarray) -> np.ndarray:
    """The upper 16 bits of float32, rounded to nearest even: what a cast to bfloat16 keeps."""
    bits = values.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
