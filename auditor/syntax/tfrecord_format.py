"""Read TFRecord files: records with their length and a checksum, each a protocol buffer ``tf.train.Example``.

Formats: tensorflow/core/lib/io/record_writer.h and tensorflow/core/example/example.proto. Only features of bytes are
kept; numbers are passed over.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from auditor.errors import Unreadable

Features = dict[str, list[bytes]]

_POLYNOMIAL = 0x82F63B78  # CRC-32C, reversed
_MASK = 0xA282EAD8
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def is_tfrecord(head: bytes) -> bool:
    """Return whether the first 12 bytes begin a TFRecord file: a length, and its checksum."""
    if len(head) < 12:
        return False
    crc = 0xFFFFFFFF
    for byte in head[:8]:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    masked = ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF
    return masked == int.from_bytes(head[8:12], "little")


def read_records(file: BinaryIO, max_bytes: int) -> Iterator[bytes | None]:
    """Yield the records of a TFRecord file; None for one larger than ``max_bytes``.

    Raises:
        Unreadable: The file ends or breaks within a record. Records that were yielded before stand.
    """
    while head := file.read(12):
        if not is_tfrecord(head):
            raise Unreadable("a damaged TFRecord file")
        (length,) = struct.unpack_from("<Q", head)
        if length > max_bytes:
            left = length + 4
            while left and (piece := file.read(min(left, 1 << 20))):
                left -= len(piece)
            if left:
                raise Unreadable("a TFRecord file that is cut short")
            yield None
            continue
        pieces: list[bytes] = []
        while length and (piece := file.read(min(length, 1 << 20))):
            pieces.append(piece)
            length -= len(piece)
        if length or len(file.read(4)) < 4:
            raise Unreadable("a TFRecord file that is cut short")
        yield b"".join(pieces)


def bytes_features(record: bytes) -> Features | None:
    """Return the bytes features of a TFRecord's Example or SequenceExample, by name; None if it is neither."""
    found: Features = {}
    try:
        for number, message in _fields(record):
            if number == 1:
                _add_features(message, found)
            elif number == 2:
                for entry, lists in _fields(message):
                    if entry == 1:
                        _add_feature_list(lists, found)
            else:
                return None
    except (ValueError, IndexError):
        return None
    return found


def _add_features(message: bytes, found: Features) -> None:
    """Add the bytes features of a TFRecord example's message to those found."""
    for number, entry in _fields(message):
        if number != 1:
            raise ValueError
        name, feature = _entry(entry)
        _add_bytes(name, feature, found)


def _add_feature_list(entry: bytes, found: Features) -> None:
    """Add the bytes of a list of features in a TFRecord example to those found."""
    name, features = _entry(entry)
    for number, feature in _fields(features):
        if number == 1:
            _add_bytes(name, feature, found)


def _entry(entry: bytes) -> tuple[str, bytes]:
    """Return the key and the value of an entry of a map in a TFRecord example."""
    parts = dict(_fields(entry))
    if parts.keys() - {1, 2}:
        raise ValueError
    return parts.get(1, b"").decode("utf-8", "backslashreplace"), parts.get(2, b"")


def _add_bytes(name: str, feature: bytes, found: Features) -> None:
    """Add the bytes of one feature of a TFRecord example to those found."""
    for kind, values in _fields(feature):
        if kind not in (1, 2, 3):
            raise ValueError
        if kind == 1:
            found.setdefault(name, []).extend(value for number, value in _fields(values) if number == 1)


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and bytes of each field of a TFRecord message; b"" for numbers. Raises ValueError or IndexError."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if not number:
            raise ValueError
        if wire == _BYTES:
            length, at = _varint(message, at)
            if at + length > len(message):
                raise ValueError
            yield number, message[at : at + length]
            at += length
        elif wire == _VARINT:
            _, at = _varint(message, at)
            yield number, b""
        elif wire in (_FIXED64, _FIXED32):
            at += 8 if wire == _FIXED64 else 4
            yield number, b""
        else:
            raise ValueError
    if at > len(message):
        raise ValueError


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Return the protocol buffer varint in a TFRecord, and the position after it. Raises ValueError or IndexError."""
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
    raise ValueError
