"""Read the metadata of GGUF files of either byte order (ggml-org/ggml: docs/gguf.md)."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import BinaryIO

from auditor.errors import Unreadable

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


class _ValueReader:
    """Reads a GGUF header, then values one after the other; all methods raise Unreadable and OSError.

    Attributes:
        pairs: How many keys with values the header announces.
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
        self.number("Q")  # the number of tensors
        self.pairs = int(self.number("Q"))
        self._limit_count(self.pairs, _MIN_PAIR_BYTES)

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
        self._limit_count(count, _MIN_ITEM_BYTES.get(item, 1))
        return item, count

    def _limit_count(self, count: int, item_bytes: int) -> None:
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
