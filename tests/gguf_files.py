"""Makes small GGUF files with tensors (ggml-org/ggml: docs/gguf.md)."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np

F32, F16, Q4_K, BF16 = 0, 1, 12, 30
ALIGNMENT = 64


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def gguf_bytes(tensors: Mapping[str, tuple[int, np.ndarray]]) -> bytes:
    """A GGUF file of these tensors, each with the number of its type; ``uint16`` stands for bfloat16's bits."""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), 2)
    head += text("general.architecture") + struct.pack("<I", 8) + text("llama")
    head += text("general.alignment") + struct.pack("<II", 4, ALIGNMENT)
    data = b""
    for name, (kind, values) in tensors.items():
        sizes = values.shape[::-1]
        head += text(name) + struct.pack(f"<I{len(sizes)}QIQ", len(sizes), *sizes, kind, len(data))
        data += values.tobytes()
        data += bytes(-len(data) % ALIGNMENT)
    return head + bytes(-len(head) % ALIGNMENT) + data
