"""Locate the stored tensors of an ONNX file (onnx/onnx: onnx/onnx.proto), without loading the model.

Only the tags and lengths of the protocol-buffer messages that lead to tensors are read; all other fields are passed
over, so a file of any size takes little memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import BinaryIO

from auditor.errors import Unreadable
from auditor.syntax.safetensors_header import Tensor

# Limits that stop a hostile file: fields read in all, subgraphs within subgraphs, bytes of a name, dimensions.
MAX_FIELDS, MAX_DEPTH, MAX_NAME_BYTES, MAX_DIMENSIONS = 2_000_000, 8, 4096, 64
# onnx.proto: TensorProto.DataType, by the names of safetensors.
_DTYPES: Mapping[int, str] = MappingProxyType(
    {
        1: "F32", 2: "U8", 3: "I8", 4: "U16", 5: "I16", 6: "I32", 7: "I64", 9: "BOOL", 10: "F16", 11: "F64", 12: "U32",
        13: "U64", 16: "BF16", 17: "F8_E4M3", 19: "F8_E5M2",
    }
)  # fmt: skip
# Types of masks, places and sizes, of which the values are not needed.
INDEX_DTYPES = ("BOOL", "I64", "U64")
# Field numbers.
_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_INITIALIZER = 1, 5
_NODE_OUTPUT, _NODE_ATTRIBUTE = 2, 5
_ATTRIBUTE_TENSOR, _ATTRIBUTE_GRAPH = 5, 6
_DIMS, _DATA_TYPE, _FLOAT_DATA, _NAME, _RAW_DATA, _EXTERNAL_DATA, _DATA_LOCATION = 1, 2, 4, 8, 9, 13, 14
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
# What stands in for a type where the values are not in this file, or not as they are in memory.
EXTERNAL, PACKED_OTHERWISE = "external data", "values stored as numbers of another type"


def locate_tensors(file: BinaryIO) -> dict[str, Tensor]:
    """Return the tensors of an ONNX file by name, with offsets from the file's beginning.

    Initialisers and constants count, those of subgraphs too. Of two with one name the second gets a number.

    Raises:
        Unreadable: The file is no ONNX model, is damaged, or exceeds the limits above.
        OSError: The file cannot be read.
    """
    size = file.seek(0, os.SEEK_END)
    found: dict[str, Tensor] = {}
    reader = _FieldReader(file, size)
    graphs = [field for field in reader.fields(0, size) if field[0] == _MODEL_GRAPH and field[1] == _LENGTH]
    if not graphs:
        raise Unreadable("is no ONNX model: it holds no graph")
    for _, _, start, end in graphs:
        for name, tensor in _graph_tensors(reader, start, end, 0):
            unique, number = name, 1
            while unique in found:
                number += 1
                unique = f"{name}#{number}"
            found[unique] = tensor
    return found


class _FieldReader:
    """Reads the fields of protocol-buffer messages from a file; all methods raise Unreadable and OSError."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._left = MAX_FIELDS

    def fields(self, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield number, wire type, start and end of each field; for a number (VARINT), start is its value."""
        at = start
        while at < end:
            self._left -= 1
            if self._left < 0:
                raise Unreadable(f"holds more than {MAX_FIELDS:,} fields")
            self._file.seek(at)
            key = self._varint()
            number, wire = key >> 3, key & 7
            if wire == _VARINT:
                value = self._varint()
                at = self._file.tell()
                yield number, wire, value, at
                continue
            if wire == _LENGTH:
                length = self._varint()
            elif wire in (_FIXED32, _FIXED64):
                length = 4 if wire == _FIXED32 else 8
            else:
                raise Unreadable("is no ONNX model, or a damaged one")
            begin = self._file.tell()
            at = begin + length
            if at > end:
                raise Unreadable("is no ONNX model, or is cut off")
            yield number, wire, begin, at

    def bytes_at(self, start: int, end: int, limit: int) -> bytes:
        """Return the bytes of a short field."""
        if end - start > limit:
            raise Unreadable(f"a field of {end - start:,} bytes is longer than is read")
        self._file.seek(start)
        return self._file.read(end - start)

    def packed_varints(self, start: int, end: int) -> list[int]:
        """Return the numbers of a packed field of at most MAX_DIMENSIONS."""
        self._file.seek(start)
        numbers: list[int] = []
        while self._file.tell() < end:
            if len(numbers) == MAX_DIMENSIONS:
                raise Unreadable(f"a tensor has more than {MAX_DIMENSIONS} dimensions")
            numbers.append(self._varint())
        return numbers

    def _varint(self) -> int:
        """Return the number at the file's position."""
        value = 0
        for shift in range(0, 70, 7):
            byte = self._file.read(1)
            if not byte:
                break
            value |= (byte[0] & 0x7F) << shift
            if byte[0] < 0x80:
                return value
        raise Unreadable("is no ONNX model, or is cut off")


def _graph_tensors(reader: _FieldReader, start: int, end: int, depth: int) -> Iterator[tuple[str, Tensor]]:
    """Yield name and place of the tensors of an ONNX graph and of its subgraphs."""
    if depth > MAX_DEPTH:
        raise Unreadable(f"subgraphs are nested more than {MAX_DEPTH} deep")
    for number, wire, begin, stop in reader.fields(start, end):
        if wire != _LENGTH:
            continue
        if number == _GRAPH_INITIALIZER:
            yield _read_tensor(reader, begin, stop, "")
        elif number == _GRAPH_NODE:
            output = ""
            for field, kind, first, last in reader.fields(begin, stop):
                if field == _NODE_OUTPUT and kind == _LENGTH and not output:
                    output = reader.bytes_at(first, last, MAX_NAME_BYTES).decode("utf-8", "replace")
                elif field == _NODE_ATTRIBUTE and kind == _LENGTH:
                    for part, of, at, to in reader.fields(first, last):
                        if part == _ATTRIBUTE_TENSOR and of == _LENGTH:
                            yield _read_tensor(reader, at, to, output)
                        elif part == _ATTRIBUTE_GRAPH and of == _LENGTH:
                            yield from _graph_tensors(reader, at, to, depth + 1)


def _read_tensor(reader: _FieldReader, start: int, end: int, default_name: str) -> tuple[str, Tensor]:
    """Return name, type, shape and place of one ONNX tensor; its values are not read."""
    name, dtype, shape = default_name, "", list[int]()
    raw, floats, is_external = None, None, False
    for number, wire, begin, stop in reader.fields(start, end):
        if number == _DIMS:
            shape += [begin] if wire == _VARINT else reader.packed_varints(begin, stop)
            if len(shape) > MAX_DIMENSIONS:
                raise Unreadable(f"a tensor has more than {MAX_DIMENSIONS} dimensions")
        elif number == _DATA_TYPE and wire == _VARINT:
            dtype = _DTYPES.get(begin, f"ONNX type {begin}")
        elif number == _NAME and wire == _LENGTH and stop > begin:
            name = reader.bytes_at(begin, stop, MAX_NAME_BYTES).decode("utf-8", "replace")
        elif number == _RAW_DATA and wire == _LENGTH:
            raw = begin, stop
        elif number == _FLOAT_DATA and wire == _LENGTH:
            floats = begin, stop
        elif number == _EXTERNAL_DATA or (number == _DATA_LOCATION and wire == _VARINT and begin == 1):
            is_external = True
    if is_external:
        return name, Tensor(EXTERNAL, tuple(shape), (0, 0))
    place = raw or (floats if dtype == "F32" else None)
    if place or dtype in INDEX_DTYPES:
        return name, Tensor(dtype, tuple(shape), place or (0, 0))
    return name, Tensor(PACKED_OTHERWISE, tuple(shape), (0, 0))
