"""The file of a fingerprint: a model's sampled values at 16 bits, small enough to hand on instead of the weights.

Laid out as a safetensors file: eight bytes with the header's length, the header as JSON, the values of each tensor.
Its ``__metadata__`` holds format, name, bases, left, the tensors' shapes, what its holder says of the model where
anybody does (id, purpose, authority, confirmations), and the SHA-256 of all that with the values. Files of this kind
one after another are a list.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from auditor.errors import Unreadable
from auditor.hashing.weight_sketch import Floats
from auditor.samples import WEIGHT_FINGERPRINT

# Below so many tensors, or values of them, another model's may be the same by the way both were begun.
MIN_LISTED_TENSORS, MIN_LISTED_VALUES = 8, 2048
MAX_FINGERPRINT_HEADER_BYTES, MAX_FINGERPRINT_VALUE_BYTES = 32 << 20, 256 << 20  # bytes


@dataclass(frozen=True, slots=True)
class WeightFingerprint:
    """What one fingerprint holds. ``values`` are of length one; ``shapes`` has the same names.

    ``bases`` and ``left``: what its weights' header names, and how many tensors could not be sampled.
    """

    metadata: Mapping[str, str]
    bases: tuple[str, ...]
    left: int
    shapes: Mapping[str, tuple[int, ...]]
    values: Mapping[str, Floats]


def serialize_fingerprint(
    metadata: Mapping[str, str], shapes: Mapping[str, Sequence[int]], values: Mapping[str, Floats]
) -> bytes:
    """A fingerprint as a file of its own; format, shapes and digest are added to the metadata."""
    tensors: dict[str, Any] = {}
    parts: list[bytes] = []
    at = 0
    for name, floats in values.items():
        # Of length one, 2,048 values are near 0.02: well within what 16 bits hold.
        data = floats.astype("<f2").tobytes()
        tensors[name] = {"dtype": "F16", "shape": [len(floats)], "data_offsets": [at, at + len(data)]}
        parts.append(data)
        at += len(data)
    told = {"format": WEIGHT_FINGERPRINT, **metadata, "shapes": json.dumps({name: shapes[name] for name in values})}
    body = b"".join(parts)
    text = json.dumps({"__metadata__": {**told, "sha256": _fingerprint_digest(told, body)}, **tensors}).encode()
    text += b" " * (-len(text) % 8)
    return b"".join((struct.pack("<Q", len(text)), text, body))


def is_fingerprint(head: bytes) -> bool:
    """Do these bytes begin a fingerprint?"""
    return head[8:9] == b"{" and f'"format": "{WEIGHT_FINGERPRINT}"'.encode() in head[:512]


def read_fingerprint(data: bytes) -> WeightFingerprint:
    """The one fingerprint that these bytes are. Raises Unreadable."""
    (found, *more) = iter_fingerprints(io.BytesIO(data))
    if more:
        raise Unreadable(f"holds {1 + len(more):,} fingerprints: import it as a list, and name that")
    return found[1]


def iter_fingerprints(file: BinaryIO) -> Iterator[tuple[bytes, WeightFingerprint]]:
    """The fingerprints of a file, one after another, with their bytes. Raises Unreadable, OSError."""
    first = True
    while (start := file.read(8)) or first:
        first = False
        (length,) = struct.unpack("<Q", start) if len(start) == 8 else (0,)
        if not 2 <= length <= MAX_FINGERPRINT_HEADER_BYTES:
            raise Unreadable("is a damaged fingerprint (no header); make it again")
        text = file.read(length)
        try:
            top = json.loads(text, object_pairs_hook=_reject_duplicate_keys)
            metadata = top.pop("__metadata__")
            size = sum(end - begin for begin, end in (tensor["data_offsets"] for tensor in top.values()))
            if metadata["format"] != WEIGHT_FINGERPRINT or not 0 <= size <= MAX_FINGERPRINT_VALUE_BYTES:
                raise ValueError("another format or size")
            body = file.read(size)
            content = _parse_fingerprint(metadata, top, body)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Unreadable(f"is a damaged fingerprint ({str(error)[:80]}); make it again") from error
        yield b"".join((start, text, body)), content


def _reject_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice")
    return found


def _parse_fingerprint(metadata: Mapping[str, Any], tensors: Mapping[str, Any], body: bytes) -> WeightFingerprint:
    if not all(isinstance(said, str) for said in metadata.values()):
        raise ValueError("its header is not of text")
    shapes = {name: tuple(shape) for name, shape in json.loads(metadata["shapes"]).items()}
    told = {key: said for key, said in metadata.items() if key != "sha256"}
    if list(shapes) != list(tensors) or metadata["sha256"] != _fingerprint_digest(told, body):
        raise ValueError("its values and its header disagree")
    values: dict[str, Floats] = {}
    at = 0
    for name, tensor in tensors.items():
        begin, end = tensor["data_offsets"]
        shape, count = shapes[name], (end - begin) // 2
        if begin != at or tensor["dtype"] != "F16" or end != begin + 2 * count or not count <= _element_count(shape):
            raise ValueError("its values and its header disagree")
        floats = np.frombuffer(body, "<f2", count, begin).astype(np.float32)
        length = float(np.linalg.norm(floats))
        if not 0 < length < math.inf:
            raise ValueError("a tensor has no direction")
        values[name] = floats / np.float32(length)
        at = end
    bases, left = json.loads(metadata.get("bases", "[]")), int(metadata.get("left", "0"))
    if not isinstance(bases, list) or not all(isinstance(base, str) for base in bases) or left < 0:
        raise ValueError("what it says of its model is none of that")
    return WeightFingerprint(metadata, tuple(bases), left, shapes, values)


def _element_count(shape: tuple[Any, ...]) -> int:
    if not all(type(side) is int and side > 0 for side in shape):
        raise ValueError("a shape is none")
    return math.prod(shape)


def _fingerprint_digest(metadata: Mapping[str, str], body: bytes) -> str:
    return hashlib.sha256(json.dumps(metadata, sort_keys=True).encode() + body).hexdigest()


def too_small_reason(values: Mapping[str, Floats]) -> str:
    """Why a fingerprint holds too little to be listed; "" where it holds enough. Tensors that are alike count once."""
    different = {floats.tobytes(): len(floats) for floats in values.values()}
    if len(different) < MIN_LISTED_TENSORS or sum(different.values()) < MIN_LISTED_VALUES:
        return (
            f"the fingerprint holds {sum(different.values()):,} values of {len(different):,} different tensors; "
            f"with less than {MIN_LISTED_VALUES:,} of {MIN_LISTED_TENSORS} unlike models may be alike: "
            "list the file's digest"
        )
    return ""
