"""Read and write weight fingerprints: files of sampled tensor values at 16 bits, which are shared instead of weights.

A fingerprint is laid out as a safetensors file: eight bytes with the header's length, the header as JSON, and the
values of each tensor. The header's ``__metadata__`` holds the format, the model's name, its bases, the number of
tensors that could not be sampled (``left``), the shapes of the tensors, what a list holder states about the model (id,
purpose, authority, confirmations), and the SHA-256 of all this and the values. A list is several such files
concatenated.

Since version 2 it also holds a check of every tensor of the file (``checks``, in base64, those of the shapes
``checked``), how many have none (``unchecked``), the names of those that follow from a formula (``tables``), and what
was subtracted of each tensor's values, in their units (``offsets``).
Without checks, in version 1, the values of embeddings and norms are unknown: such a model is never called the same.

The library writes the metadata in another order each time, and a fingerprint's SHA-256 names its entry in lists: files
are written here, and their values read by the library.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, BinaryIO

import numpy as np
from safetensors import SafetensorError, deserialize

from auditor.errors import Unreadable
from auditor.hashing.weight_checks import CHECK_SIZE
from auditor.hashing.weight_sketch import Floats
from auditor.samples import WEIGHT_FINGERPRINT

# Version 1, whose name is that of the algorithm in lists and hits, is read too.
FORMAT, FORMATS = "auditor-fingerprint-2", (WEIGHT_FINGERPRINT, "auditor-fingerprint-2")
# With fewer tensors or values, unlike models may agree because they were initialised in the same way.
MIN_LISTED_TENSORS, MIN_LISTED_VALUES = 8, 2048
# Limits that keep a damaged or hostile file from filling the memory.
MAX_FINGERPRINT_HEADER_BYTES, MAX_FINGERPRINT_VALUE_BYTES = 32 << 20, 256 << 20


@dataclass(frozen=True, slots=True)
class WeightFingerprint:
    """The content of one fingerprint.

    ``values`` are vectors of length one; ``shapes`` has the same names. ``bases`` are the base models that the header
    of the weights names. ``left`` is the number of tensors that could not be sampled. ``checks`` are shape and check of
    every tensor of the file, but for ``unchecked`` ones; ``formula_tables`` those that follow from a formula;
    ``offsets`` what was subtracted of each tensor's values, in their units.
    """

    metadata: Mapping[str, str]
    bases: tuple[str, ...]
    left: int
    shapes: Mapping[str, tuple[int, ...]]
    values: Mapping[str, Floats]
    checks: Mapping[str, tuple[tuple[int, ...], Floats]] = field(default_factory=dict)
    unchecked: int = 0
    formula_tables: frozenset[str] = frozenset()
    offsets: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_first_version(self) -> bool:
        """Return whether the file is of version 1."""
        return self.metadata["format"] == WEIGHT_FINGERPRINT


def serialize_fingerprint(
    metadata: Mapping[str, str],
    shapes: Mapping[str, Sequence[int]],
    values: Mapping[str, Floats],
    checks: Mapping[str, tuple[tuple[int, ...], Floats]] = MappingProxyType({}),
) -> bytes:
    """Return the bytes of a weight fingerprint; format, shapes, checks and digest are added to the metadata."""
    tensors: dict[str, Any] = {}
    parts: list[bytes] = []
    at = 0
    for name, floats in values.items():
        # A vector of length one has 2,048 values near 0.02, which 16 bits represent well.
        data = floats.astype("<f2").tobytes()
        tensors[name] = {"dtype": "F16", "shape": [len(floats)], "data_offsets": [at, at + len(data)]}
        parts.append(data)
        at += len(data)
    header = {
        "format": FORMAT,
        **metadata,
        "shapes": json.dumps({name: shapes[name] for name in values}),
        "checked": json.dumps({name: shape for name, (shape, _) in checks.items()}),
        "checks": base64.b64encode(b"".join(check.astype("<f4").tobytes() for _, check in checks.values())).decode(),
    }
    body = b"".join(parts)
    text = json.dumps({"__metadata__": {**header, "sha256": _fingerprint_digest(header, body)}, **tensors}).encode()
    text += b" " * (-len(text) % 8)
    return b"".join((struct.pack("<Q", len(text)), text, body))


def is_fingerprint(head: bytes) -> bool:
    """Return whether these first bytes of a file begin a weight fingerprint."""
    return head[8:9] == b"{" and any(f'"format": "{version}"'.encode() in head[:512] for version in FORMATS)


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
            if metadata["format"] not in FORMATS or not 0 <= size <= MAX_FINGERPRINT_VALUE_BYTES:
                raise ValueError("another format or size")
            body = file.read(size)
            data = b"".join((start, text, body))
            content = _parse_fingerprint(metadata, top, data, body)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, SafetensorError) as error:
            raise Unreadable(f"is a damaged fingerprint ({str(error)[:80]}); make it again") from error
        yield data, content


def _reject_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return pairs of a weight fingerprint's JSON as a dict. Raises ValueError if a key occurs twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice")
    return found


def _parse_fingerprint(
    metadata: Mapping[str, Any], tensors: Mapping[str, Any], data: bytes, body: bytes
) -> WeightFingerprint:
    """Check a weight fingerprint's header against its values.

    Args:
        metadata: That of its header.
        tensors: The other entries of its header.
        data: The whole file.
        body: The values alone.

    Raises:
        ValueError: They do not agree, or SafetensorError.
    """
    if not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError("a value of its header is not text")
    shapes = {name: tuple(shape) for name, shape in json.loads(metadata["shapes"]).items()}
    signed = {key: value for key, value in metadata.items() if key != "sha256"}
    if list(shapes) != list(tensors) or metadata["sha256"] != _fingerprint_digest(signed, body):
        raise ValueError("its values and its header disagree")
    stored: dict[str, Any] = dict(deserialize(data))  # type: ignore[no-untyped-call]
    values: dict[str, Floats] = {}
    for name, shape in shapes.items():
        if stored[name]["dtype"] != "F16" or math.prod(stored[name]["shape"]) > _element_count(shape):
            raise ValueError("its values and its header disagree")
        floats = np.frombuffer(stored[name]["data"], "<f2").astype(np.float32)
        length = float(np.linalg.norm(floats))
        if not 0 < length < math.inf:
            raise ValueError("the values of a tensor have no finite length")
        values[name] = floats / np.float32(length)
    bases, left = json.loads(metadata.get("bases", "[]")), int(metadata.get("left", "0"))
    if not _is_list_of_text(bases) or left < 0:
        raise ValueError("its bases or its count of unsampled tensors are not valid")
    return WeightFingerprint(metadata, tuple(bases), left, shapes, values, *_parse_checks(metadata))


def _parse_checks(
    metadata: Mapping[str, str],
) -> tuple[dict[str, tuple[tuple[int, ...], Floats]], int, frozenset[str], dict[str, float]]:
    """Return the checks of a weight fingerprint, the number of tensors without, its tables and offsets.

    Raises:
        ValueError: They are not valid.
    """
    if metadata["format"] == WEIGHT_FINGERPRINT:
        return {}, 0, frozenset(), {}
    shapes = {name: tuple(shape) for name, shape in json.loads(metadata["checked"]).items()}
    checks = np.frombuffer(base64.b64decode(metadata["checks"], validate=True), "<f4").reshape(len(shapes), CHECK_SIZE)
    if not np.isfinite(checks).all() or not all(_element_count(shape) for shape in shapes.values()):
        raise ValueError("its checks are not valid")
    unchecked, tables = int(metadata.get("unchecked", "0")), json.loads(metadata.get("tables", "[]"))
    if unchecked < 0 or not _is_list_of_text(tables):
        raise ValueError("its tables or its count of unchecked tensors are not valid")
    offsets = json.loads(metadata.get("offsets", "{}"))
    if not isinstance(offsets, dict) or not all(type(of) is float and abs(of) < math.inf for of in offsets.values()):
        raise ValueError("its offsets are not valid")
    pairs = zip(shapes.items(), checks.astype(np.float32), strict=True)
    return {name: (shape, check) for (name, shape), check in pairs}, unchecked, frozenset(tables), offsets


def _is_list_of_text(value: object) -> bool:
    """Return whether a value of a weight fingerprint's header is a list of texts."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


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
