"""Parse the header of a safetensors file as strictly as the format requires, and report its faults.

The format: huggingface/safetensors, README and ``src/tensor.rs``. Only the bytes of the header are read.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import BinaryIO

import msgspec
import numpy as np

from auditor.errors import Unreadable

SUFFIXES = (".safetensors", ".sft")
# The format's own limit (src/tensor.rs MAX_HEADER_SIZE).
MAX_HEADER_BYTES = 100_000_000
# Parsed, a header takes some ten times its bytes of memory: longer ones are not read.
MAX_HEADER_READ = 32 << 20
# Bits that one value takes (src/tensor.rs Dtype).
BITS_PER_VALUE: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("F64", "I64", "U64", "C64"), 64),
        **dict.fromkeys(("F32", "I32", "U32"), 32),
        **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
        **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E5M2FNUZ", "F8_E4M3FNUZ", "F8_E8M0"), 8),
        **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
        "F4": 4,
    }
)
# Offsets are unsigned 64-bit numbers.
_OFFSET_LIMIT = 1 << 64


class Tensor(msgspec.Struct, gc=False):
    """The header's entry of one tensor. ``data_offsets`` count from the end of the header.

    It is never changed once it is read. The defaults are values that no valid header can hold.
    """

    dtype: str = ""
    shape: tuple[int, ...] = (-1,)
    data_offsets: tuple[int, int] = (-1, -1)


@dataclass(frozen=True, slots=True)
class SafetensorsHeader:
    """A parsed header.

    ``tensors`` are in the order of their values, which begin at byte ``data`` of the file. ``faults`` name why a strict
    loader refuses the file; the other fields then hold what could be parsed.
    """

    metadata: Mapping[str, str]
    tensors: Mapping[str, Tensor]
    data: int = 0
    faults: tuple[str, ...] = ()


class _DuplicateKey(ValueError):
    pass


def read_header(file: BinaryIO, size: int) -> SafetensorsHeader:
    """Read and check the header of a safetensors file.

    Checked as in the format: a length of at most :data:`MAX_HEADER_BYTES`, JSON that begins with ``{``, no duplicate
    keys, ``__metadata__`` from string to string, values that cover the file without holes or overlaps, and sizes that
    agree with shape and type.

    Args:
        file: The file, at the first byte of the header's length.
        size: The bytes of the whole file.

    Raises:
        Unreadable: There is no header, or one that cannot be parsed at all.
        OSError: The file cannot be read.
    """
    start = file.read(8)
    if len(start) < 8:
        raise Unreadable(f"header too small: the file has {len(start)} bytes")
    (length,) = struct.unpack("<Q", start)
    if length > MAX_HEADER_BYTES:
        limit = f"{MAX_HEADER_BYTES:,} is the limit"
        raise Unreadable(f"header too large, or no safetensors file: a length of {length:,} bytes is claimed, {limit}")
    if 8 + length > size:
        raise Unreadable(f"invalid header length: {length:,} bytes are claimed, the file has {size - 8:,} more")
    if length > MAX_HEADER_READ:
        raise Unreadable(f"header too large: {length:,} bytes; this program reads at most {MAX_HEADER_READ:,}")
    try:
        text = file.read(length).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable(f"invalid header: not UTF-8 at byte {error.start}") from error
    metadata, tensors, end, faults = _parse_usual(text) or _parse_strictly(text)
    data = 8 + length
    if data + end > size:
        faults = (*faults, "the file ends before its tensors do: cut off, or a header alone")
    elif data + end < size and not faults:
        faults = ("incomplete metadata: bytes follow the last tensor",)
    return SafetensorsHeader(metadata, tensors, data, faults)


# Metadata, tensors in the order of their values, the offset at which the last one ends, faults.
_Parsed = tuple[dict[str, str], dict[str, Tensor], int, tuple[str, ...]]
_METADATA_START = re.compile(r'\{[ \t\n\r]*"__metadata__"[ \t\n\r]*:[ \t\n\r]*')
_QUOTE = ord('"')
# Of a tensor's name, of its three keys and of its type, two each.
_QUOTES_PER_TENSOR = 10
_TENSOR_DECODER = msgspec.json.Decoder(dict[str, Tensor])


def _parse_usual(text: str) -> _Parsed | None:
    """Parse a usual safetensors header, five times as fast as :func:`_parse_strictly`; None if anything is unusual.

    The decoder checks types but ignores duplicate and unknown keys. Those are noticed by the number of quotes in the
    text, which is :data:`_QUOTES_PER_TENSOR` for each tensor and no more.
    """
    metadata: dict[str, str] = {}
    after = 0
    try:
        if start := _METADATA_START.match(text):
            metadata, after = _STRICT_JSON.raw_decode(text, start.end())
        tensors = _TENSOR_DECODER.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if start:
        if type(metadata) is not dict or not all(type(value) is str for value in metadata.values()):
            return None
        del tensors["__metadata__"]
    entries = text[after:]
    quotes = np.count_nonzero(np.frombuffer(entries.encode(), np.uint8) == _QUOTE)
    if (
        not text.startswith("{")
        or "\\" in entries
        or quotes != _QUOTES_PER_TENSOR * len(tensors)
        or "__metadata__" in tensors
    ):
        return None
    reached, sizes = 0, _TensorSizes()
    for tensor in tensors.values():
        begin, end = tensor.data_offsets
        if begin != reached or end - begin != sizes[tensor.dtype, tensor.shape]:
            return None
        reached = end
    return (metadata, tensors, reached, ()) if reached < _OFFSET_LIMIT else None


class _TensorSizes(dict[tuple[str, tuple[int, ...]], int | None]):
    """The bytes of a tensor by (dtype, shape), computed once each; None if no valid header has such a tensor."""

    def __missing__(self, spec: tuple[str, tuple[int, ...]]) -> int | None:
        dtype, shape = spec
        bits = _total_bits(dtype, shape) if dtype in BITS_PER_VALUE and _are_sizes(list(shape)) else -1
        self[spec] = size = None if bits % 8 or bits >= _OFFSET_LIMIT else bits // 8
        return size


def _total_bits(dtype: str, shape: Iterable[int]) -> int:
    """Return the bits of a safetensors entry's values; for a shape larger than any file, at least the offset limit."""
    if 0 in shape:
        return 0
    bits = BITS_PER_VALUE[dtype]
    for size in shape:
        bits *= size
        if bits >= _OFFSET_LIMIT:
            break
    return bits


def _parse_strictly(text: str) -> _Parsed:
    """Parse a safetensors header of any layout, with all faults. Raises Unreadable where it is no JSON object."""
    faults: list[str] = []
    if not text.startswith("{"):
        faults.append("invalid start: a header begins with {")
    try:
        top = _STRICT_JSON.decode(text)
    except _DuplicateKey as error:
        raise Unreadable("invalid header: a key occurs twice, so loaders may see different files") from error
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"invalid header: not JSON ({_json_fault(error)})") from error
    if not isinstance(top, dict):
        raise Unreadable("invalid header: not a JSON object")
    metadata = top.pop("__metadata__", {})
    if not isinstance(metadata, dict):
        faults.append("invalid header: __metadata__ is not an object")
        metadata = {}
    elif not all(isinstance(value, str) for value in metadata.values()):
        faults.append("invalid header: a value of __metadata__ is not text")
        metadata = {key: value for key, value in metadata.items() if isinstance(value, str)}
    tensors: dict[str, Tensor] = {}
    for name, entry in top.items():
        try:
            tensors[name] = _parse_tensor(entry)
        except Unreadable as error:
            faults.append(str(error))
    tensors = dict(sorted(tensors.items(), key=lambda item: item[1].data_offsets))
    reached = 0
    for tensor in tensors.values():
        begin, end = tensor.data_offsets
        if begin != reached:
            faults.append("invalid offset: tensors overlap or leave a hole")
            break
        reached = end
    reached = max((tensor.data_offsets[1] for tensor in tensors.values()), default=0)
    return metadata, tensors, reached, tuple(dict.fromkeys(faults))


def _parse_tensor(entry: object) -> Tensor:
    """Return the checked safetensors entry of one tensor. Raises Unreadable, with the fault."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise Unreadable("invalid header: a tensor lacks dtype, shape or data_offsets, or has more")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in BITS_PER_VALUE:
        raise Unreadable("invalid header: a tensor has an unknown dtype")
    if not _are_sizes(shape) or not _are_sizes(offsets) or len(offsets) != 2:
        raise Unreadable("invalid header: a tensor's shape or offsets are not numbers from 0")
    begin, end = offsets
    bits = _total_bits(dtype, shape)
    if bits >= _OFFSET_LIMIT:
        raise Unreadable("overflow: a tensor's shape is larger than any file")
    if begin > end or bits % 8 or bits // 8 != end - begin:
        raise Unreadable("invalid shape, dtype or offset of a tensor")
    return Tensor(dtype, tuple(shape), (begin, end))


def _are_sizes(value: object) -> bool:
    """Return whether a value of a safetensors header is a list of sizes within the offset limit."""
    return isinstance(value, list) and all(type(number) is int and 0 <= number < _OFFSET_LIMIT for number in value)


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return the pairs of a safetensors header's JSON as a dict. Raises _DuplicateKey if a key occurs twice."""
    table = dict(pairs)
    if len(table) != len(pairs):
        raise _DuplicateKey
    return table


def _refuse_constant(name: str) -> object:
    """Raise ValueError for NaN or an infinity in a safetensors header, which are not JSON."""
    raise ValueError(f"{name} is not JSON")


_STRICT_JSON = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)


def _json_fault(error: Exception) -> str:
    """Return what is wrong with the JSON of a safetensors header, from the error."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)[:80]
