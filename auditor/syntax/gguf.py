"""Read the metadata of GGUF files of either byte order, and locate their tensors (ggml-org/ggml: docs/gguf.md)."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from typing import BinaryIO

from auditor.errors import Unreadable
from auditor.syntax.safetensors_header import Tensor

MAGIC = b"GGUF"
# A tokenizer's vocabulary and merges, the bulk of the metadata, take 5 to 30 MB.
MAX_METADATA_BYTES = 128 << 20
_CHUNK_BYTES = 1 << 20
_VERSIONS = (2, 3)
# Value types by number, as formats of struct.
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
TEXT_TYPE = 8
_ARRAY_TYPE = 9
_MAX_ARRAY_DEPTH = 2
# The key, the type and the value of a pair have at least so many bytes, as do the length of a text and an array.
_MIN_PAIR_BYTES = 13
_MIN_ITEM_BYTES = {TEXT_TYPE: 8, _ARRAY_TYPE: 12}
# Types of tensors that are not quantised (ggml.h: enum ggml_type), by the names of safetensors, with bytes per value.
_FLOAT_TYPES = {0: ("F32", 4), 1: ("F16", 2), 28: ("F64", 8), 30: ("BF16", 2)}
# Of the quantised ones so many values take so many bytes (ggml: ggml-common.h).
_BLOCKS = {
    2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36), 10: (256, 84), 11: (256, 110),
    12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66), 17: (256, 74), 18: (256, 98),
    19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4),
    27: (1, 8), 29: (256, 56), 34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip
# The names of the quantised ones.
_QUANTISED_TYPES = {
    2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K",
    14: "Q6_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S",
    22: "IQ2_S", 23: "IQ4_XS", 29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
}  # fmt: skip
_DEFAULT_ALIGNMENT = 32
_MAX_DIMENSIONS = 8
# The name's length, the number of dimensions, type and offset of a tensor have at least so many bytes.
_MIN_TENSOR_BYTES = 24
_CUT_OFF = "the metadata is cut off or longer than is read"


def read_general_metadata(file: BinaryIO) -> tuple[Mapping[str, object], str]:
    """Return the values of ``general.*`` in a GGUF file's metadata.

    They may stand before or after the tokenizer's vocabulary, which is passed over.

    Returns:
        The values by the rest of their keys: arrays of text as lists, others as None; and why the metadata could not be
        read to its end ("": it was), while what came before is returned.

    Raises:
        OSError: The file cannot be read.
    """
    general: dict[str, object] = {}
    try:
        reader = _ValueReader(file)
        for _ in range(reader.pairs):
            key = reader.text()
            value_type = int(reader.number("I"))
            if key.startswith("general."):
                general[key.removeprefix("general.")] = reader.value(value_type)
            else:
                reader.skip(value_type)
        reader.require(0)
    except Unreadable as error:
        return general, str(error)
    return general, ""


def locate_tensors(file: BinaryIO) -> dict[str, Tensor]:
    """Return the tensors of a GGUF file by name, with offsets from the file's beginning.

    Shapes are in the order of other formats: the last dimension is that of neighbours. Quantised tensors have the name
    of their type, and no offsets.

    Raises:
        Unreadable: The file is damaged.
        OSError: The file cannot be read.
    """
    stored, data, is_big_endian = _read_directory(file)
    found: dict[str, Tensor] = {}
    for name, shape, number, offset in stored:
        dtype, size = _FLOAT_TYPES.get(number, (_QUANTISED_TYPES.get(number, f"GGML type {number}"), 0))
        if is_big_endian:
            dtype, size = f"big-endian {dtype}", 0
        start = data + offset
        found[name] = Tensor(dtype, shape, (start, start + size * math.prod(shape)))
    return found


def end_of_tensors(file: BinaryIO) -> int | None:
    """Return where the last tensor of a GGUF file ends; None if the size of one is not known.

    Raises:
        Unreadable: The file is damaged.
        OSError: The file cannot be read.
    """
    stored, data, _ = _read_directory(file)
    end = data
    for _, shape, number, offset in stored:
        values, size = (1, _FLOAT_TYPES[number][1]) if number in _FLOAT_TYPES else _BLOCKS.get(number, (0, 0))
        if not values:
            return None
        end = max(end, data + offset + -(-math.prod(shape) // values) * size)
    return end


def start_of_tensors(file: BinaryIO) -> int:
    """Return where the metadata of a GGUF file end. Raises Unreadable and OSError."""
    return _read_directory(file)[1]


# The name, the shape, the type and the offset of a tensor in a GGUF file.
_Stored = tuple[str, tuple[int, ...], int, int]


def _read_directory(file: BinaryIO) -> tuple[list[_Stored], int, bool]:
    """Return a GGUF file's tensors, where their data begin, and whether numbers are big-endian. Raises Unreadable."""
    reader = _ValueReader(file)
    reader.limit_count(reader.tensors, _MIN_TENSOR_BYTES)
    alignment: object = _DEFAULT_ALIGNMENT
    for _ in range(reader.pairs):
        key = reader.text()
        value_type = int(reader.number("I"))
        if key == "general.alignment":
            alignment = reader.value(value_type)
        else:
            reader.skip(value_type)
    if not isinstance(alignment, int) or alignment < 1:
        raise Unreadable("general.alignment is no number")
    stored: list[_Stored] = []
    for _ in range(reader.tensors):
        name, dimensions = reader.text(), int(reader.number("I"))
        if dimensions > _MAX_DIMENSIONS:
            raise Unreadable(f"a tensor has {dimensions:,} dimensions")
        shape = tuple(int(reader.number("Q")) for _ in range(dimensions))[::-1]
        stored.append((name, shape, int(reader.number("I")), int(reader.number("Q"))))
    data = reader.position if not stored else -(-reader.position // alignment) * alignment
    return stored, data, reader.is_big_endian


class _ValueReader:
    """Reads a GGUF header, then values one after the other; all methods raise Unreadable and OSError.

    Attributes:
        tensors: How many tensors the header announces.
        pairs: How many keys with values.
    """

    def __init__(self, file: BinaryIO) -> None:
        file.seek(0)
        self._file = file
        self._data = bytearray(file.read(_CHUNK_BYTES))
        self._position = len(MAGIC)
        # The version is a small number, in one of the two byte orders.
        self._order = ">" if self._data[4:6] == b"\0\0" else "<"
        version = int(self.number("I"))
        if version not in _VERSIONS:
            raise Unreadable(f"GGUF version {version} is not read")
        self.tensors = int(self.number("Q"))
        self.pairs = int(self.number("Q"))
        self.limit_count(self.pairs, _MIN_PAIR_BYTES)

    @property
    def position(self) -> int:
        """Return the offset of the next value."""
        return self._position

    @property
    def is_big_endian(self) -> bool:
        """Return whether the numbers of this GGUF file are big-endian."""
        return self._order == ">"

    def number(self, form: str) -> int | float | bool:
        """Return the next number of GGUF metadata."""
        size = struct.calcsize(form)
        self.require(size)
        (value,) = struct.unpack_from(self._order + form, self._data, self._position)
        self._position += size
        return value  # type: ignore[no-any-return]

    def text(self) -> str:
        """Return the next text of GGUF metadata."""
        length = int(self.number("Q"))
        self.require(length)
        self._position += length
        return self._data[self._position - length : self._position].decode("utf-8", "replace")

    def value(self, kind: int, depth: int = 0) -> object:
        """Return the next GGUF metadata value of this type; None for an array of numbers."""
        if kind in _SCALARS:
            return self.number(_SCALARS[kind])
        if kind == TEXT_TYPE:
            return self.text()
        item, count = self._array(kind, depth)
        if item in _SCALARS:
            self._pass(struct.calcsize(_SCALARS[item]) * count)
            return None
        return [self.value(item, depth + 1) for _ in range(count)]

    def skip(self, kind: int, depth: int = 0) -> None:
        """Pass over the next GGUF metadata value of this type."""
        if kind in _SCALARS:
            self._pass(struct.calcsize(_SCALARS[kind]))
            return
        if kind == TEXT_TYPE:
            self._pass(int(self.number("Q")))
            return
        item, count = self._array(kind, depth)
        if item in _SCALARS:
            self._pass(struct.calcsize(_SCALARS[item]) * count)
        elif item == TEXT_TYPE:
            self._skip_texts(count)
        else:
            for _ in range(count):
                self.skip(item, depth + 1)

    def _skip_texts(self, count: int) -> None:
        """Pass over texts, of which a vocabulary has hundreds of thousands."""
        unpack, data, position = struct.Struct(f"{self._order}Q").unpack_from, self._data, self._position
        available = len(data) - 8
        for _ in range(count):
            if position > available:
                self._position = position
                self.require(8)
                available = len(data) - 8
            position += 8 + unpack(data, position)[0]
        self._position = position

    def _array(self, kind: int, depth: int) -> tuple[int, int]:
        """Return the type and the number of an array's items."""
        if kind != _ARRAY_TYPE or depth > _MAX_ARRAY_DEPTH:
            raise Unreadable(f"the metadata holds a value of unknown type {kind}")
        item, count = int(self.number("I")), int(self.number("Q"))
        self.limit_count(count, _MIN_ITEM_BYTES.get(item, 1))
        return item, count

    def limit_count(self, count: int, item_bytes: int) -> None:
        """Refuse more items than metadata of the greatest length can hold."""
        if count * item_bytes > MAX_METADATA_BYTES:
            raise Unreadable(_CUT_OFF)

    def _pass(self, size: int) -> None:
        """Move on by so many bytes, which the next value shows to be there."""
        self._position += size

    def require(self, size: int) -> None:
        """Read on until so many bytes from the position are at hand."""
        end = self._position + size
        if end > MAX_METADATA_BYTES:
            raise Unreadable(_CUT_OFF)
        while len(self._data) < end:
            data = self._file.read(max(_CHUNK_BYTES, end - len(self._data)))
            if not data:
                raise Unreadable(_CUT_OFF)
            self._data += data
