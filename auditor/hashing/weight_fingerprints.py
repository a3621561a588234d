"""Read and write weight fingerprints: files of sampled tensor values at 16 bits, which are shared instead of weights.

A fingerprint is laid out as a safetensors file: eight bytes with the header's length, the header as JSON, and the
values of each tensor. The header's ``__metadata__`` holds the format, the model's name, its bases, the number of
tensors that could not be sampled (``left``), the shapes of the tensors, what a list holder states about the model (id,
purpose, authority, confirmations), and the SHA-256 of all this and the values. A list is several such files
concatenated.
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

# With fewer tensors or values, unlike models may agree because they were initialised in the same way.
MIN_LISTED_TENSORS, MIN_LISTED_VALUES = 8, 2048
# Limits that keep a damaged or hostile file from filling the memory.
MAX_FINGERPRINT_HEADER_BYTES, MAX_FINGERPRINT_VALUE_BYTES = 32 << 20, 256 << 20


@dataclass(frozen=True, slots=True)
class WeightFingerprint:
    """The content of one fingerprint.

    ``values`` are vectors of length one; ``shapes`` has the same names. ``bases`` are the base models that the header
    of the weights names. ``left`` is the number of tensors that could not be sampled.
    """

    metadata: Mapping[str, str]
    bases: tuple[str, ...]
    left: int
    shapes: Mapping[str, tuple[int, ...]]
    values: Mapping[str, Floats]


def serialize_fingerprint(
    metadata: Mapping[str, str], shapes: Mapping[str, Sequence[int]], values: Mapping[str, Floats]
) -> bytes:
    """Return the bytes of a weight fingerprint; format, shapes and digest are added to the metadata."""
    tensors: dict[str, Any] = {}
    parts: list[bytes] = []
    at = 0
    for name, floats in values.items():
        # A vector of length one has 2,048 values near 0.02, which 16 bits represent well.
        data = floats.astype("<f2").tobytes()
        tensors[name] = {"dtype": "F16", "shape": [len(floats)], "data_offsets": [at, at + len(data)]}
        parts.append(data)
        at += len(data)
    header = {"format": WEIGHT_FINGERPRINT, **metadata, "shapes": json.dumps({name: shapes[name] for name in values})}
    body = b"".join(parts)
    text = json.dumps({"__metadata__": {**header, "sha256": _fingerprint_digest(header, body)}, **tensors}).encode()
    text += b" " * (-len(text) % 8)
    return b"".join((struct.pack("<Q", len(text)), text, body))


def is_fingerprint(head: bytes) -> bool:
    """Return whether these first bytes of a file begin a weight fingerprint."""
    return head[8:9] == b"{" and f'"format": "{WEIGHT_FINGERPRINT}"'.encode() in head[:512]


def read_fingerprint(data: bytes) -> WeightFingerprint:
    """Return the only weight fingerprint in these bytes. Raises Unreadable if they hold none or several."""
    (found, *more) = iter_fingerprints(io.BytesIO(data))
    if more:
        raise Unreadable(f"holds {1 + len(more):,} fingerprints: import it as a list, and name that")
    return found[1]


def iter_fingerprints(file: BinaryIO) -> Iterator[tuple[bytes, WeightFingerprint]]:
    """Yield bytes and content of each weight fingerprint of a file. Raises Unreadable or OSError."""
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
    """Return pairs of a weight fingerprint's JSON as a dict. Raises ValueError if a key occurs twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice")
    return found


def _parse_fingerprint(metadata: Mapping[str, Any], tensors: Mapping[str, Any], body: bytes) -> WeightFingerprint:
    """Check a weight fingerprint's header against its values. Raises ValueError if they do not agree."""
    if not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError("a value of its header is not text")
    shapes = {name: tuple(shape) for name, shape in json.loads(metadata["shapes"]).items()}
    signed = {key: value for key, value in metadata.items() if key != "sha256"}
    if list(shapes) != list(tensors) or metadata["sha256"] != _fingerprint_digest(signed, body):
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
            raise ValueError("the values of a tensor have no finite length")
        values[name] = floats / np.float32(length)
        at = end
    bases, left = json.loads(metadata.get("bases", "[]")), int(metadata.get("left", "0"))
    if not isinstance(bases, list) or not all(isinstance(base, str) for base in bases) or left < 0:
        raise ValueError("its bases or its count of unsampled tensors are not valid")
    return WeightFingerprint(metadata, tuple(bases), left, shapes, values)


def _element_count(shape: tuple[Any, ...]) -> int:
    """Return the number of elements of a weight fingerprint's tensor. Raises ValueError for no valid shape."""
    if not all(type(side) is int and side > 0 for side in shape):
        raise ValueError("a shape is not valid")
    return math.prod(shape)


def _fingerprint_digest(metadata: Mapping[str, str], body: bytes) -> str:
    """Return the SHA-256, as hex, of a weight fingerprint's metadata and values."""
    return hashlib.sha256(json.dumps(metadata, sort_keys=True).encode() + body).hexdigest()


def too_small_reason(values: Mapping[str, Floats]) -> str:
    """Return why weights are too few for a weight fingerprint, or "". Identical tensors count once."""
    different = {floats.tobytes(): len(floats) for floats in values.values()}
    if len(different) < MIN_LISTED_TENSORS or sum(different.values()) < MIN_LISTED_VALUES:
        return (
            f"the fingerprint holds {sum(different.values()):,} values of {len(different):,} different tensors; "
            f"with less than {MIN_LISTED_VALUES:,} of {MIN_LISTED_TENSORS} unlike models may be alike: "
            "list the file's digest"
        )
    return ""
