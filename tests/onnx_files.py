"""Makes small ONNX files, field by field (onnx/onnx: onnx/onnx.proto)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

DATA_TYPES = {"float32": 1, "float16": 10, "float64": 11, "int64": 7}


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(
    name: str,
    data_type: int,
    shape: Sequence[int],
    *,
    raw: bytes | None = None,
    floats: bytes | None = None,
    integers: Sequence[int] = (),
    external: bool = False,
) -> bytes:
    """A TensorProto as an initialiser of a graph."""
    body = b"".join(field(1, size) for size in shape) + field(2, data_type) + field(8, name.encode())
    body += field(9, raw) if raw is not None else b""
    body += field(4, floats) if floats is not None else b""
    body += field(5, b"".join(map(varint, integers))) if integers else b""
    body += field(13, field(1, b"location") + field(2, b"weights.bin")) + field(14, 1) if external else b""
    return field(5, body)


def node(output: str, *, of_tensor: bytes = b"", of_graph: bytes = b"") -> bytes:
    """A node with an attribute that is a tensor or a graph."""
    attribute = field(1, b"value") + of_tensor
    if of_graph:
        attribute += field(6, of_graph)
    return field(1, field(2, output.encode()) + field(5, attribute))


def graph(*parts: bytes) -> bytes:
    return b"".join(parts)


def model(of_graph: bytes) -> bytes:
    return field(1, 8) + field(2, b"a producer") + field(7, of_graph)


def onnx_bytes(tensors: Mapping[str, np.ndarray]) -> bytes:
    """A model that holds these tensors as initialisers."""
    parts = (tensor(name, DATA_TYPES[v.dtype.name], v.shape, raw=v.tobytes()) for name, v in tensors.items())
    return model(graph(*parts))
