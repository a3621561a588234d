"""Read the metadata of GGUF files (ggml-org/ggml: docs/gguf.md), up to the vocabulary of their tokenizer."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import BinaryIO

from auditor.errors import Unreadable

MAGIC = b"GGUF"
# general.* comes before the tokenizer's vocabulary, which is megabytes long.
MAX_METADATA_BYTES = 4 << 20
_VERSIONS = (2, 3)
# Value types by number, as formats of struct.
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
TEXT_TYPE = 8
_ARRAY_TYPE = 9
_MAX_ARRAY_DEPTH = 2
_CUT_OFF = "the metadata is cut off or longer than is read"


def read_general_metadata(file: BinaryIO) -> Mapping[str, object]:
    """Return GGUF values of ``general.*`` by the rest of their keys; arrays of text as lists, others as None.

    Raises:
        Unreadable: The file is of another version, or its metadata is cut off, too long or of an unknown type.
        OSError: The file cannot be read.
    """
    reader = _ValueReader(file)
    version = int(reader.number("I"))
    if version not in _VERSIONS:
        raise Unreadable(f"GGUF version {version} is not read")
    reader.number("Q")
    general: dict[str, object] = {}
    for _ in range(int(reader.number("Q"))):
        key = reader.text()
        if key.startswith("tokenizer."):
            break
        value = reader.value(int(reader.number("I")))
        if key.startswith("general."):
            general[key.removeprefix("general.")] = value
    return general


class _ValueReader:
    """Reads values one after the other from the first :data:`MAX_METADATA_BYTES`; all methods raise Unreadable."""

    def __init__(self, file: BinaryIO) -> None:
        file.seek(0)
        self._data = file.read(MAX_METADATA_BYTES)
        self._position = len(MAGIC)

    def number(self, form: str) -> int | float | bool:
        """Return the next number of GGUF metadata. Raises Unreadable if it is cut off."""
        try:
            (value,) = struct.unpack_from(f"<{form}", self._data, self._position)
        except struct.error:
            raise Unreadable(_CUT_OFF) from None
        self._position += struct.calcsize(form)
        return value  # type: ignore[no-any-return]

    def text(self) -> str:
        """Return the next text of GGUF metadata. Raises Unreadable if it is cut off."""
        length = int(self.number("Q"))
        if self._position + length > len(self._data):
            raise Unreadable(_CUT_OFF)
        self._position += length
        return self._data[self._position - length : self._position].decode("utf-8", "replace")

    def value(self, kind: int, depth: int = 0) -> object:
        """Return the next GGUF metadata value of this type; None for an array of numbers."""
        if kind in _SCALARS:
            return self.number(_SCALARS[kind])
        if kind == TEXT_TYPE:
            return self.text()
        if kind != _ARRAY_TYPE or depth > _MAX_ARRAY_DEPTH:
            raise Unreadable(f"the metadata holds a value of unknown type {kind}")
        item, count = int(self.number("I")), int(self.number("Q"))
        size = struct.calcsize(_SCALARS[item]) if item in _SCALARS else 1
        if self._position + size * count > len(self._data):
            raise Unreadable(_CUT_OFF)
        if item in _SCALARS:
            self._position += size * count
            return None
        return [self.value(item, depth + 1) for _ in range(count)]
