"""TFRecord: the features of bytes of an example are samples."""

from __future__ import annotations

import gzip
import hashlib
import struct
from pathlib import Path
from typing import Any

import pytest

from auditor.blob import Blob, Unread
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import PartlyRead
from auditor.pipeline.read_members import read_with_members
from auditor.readers import reader_name
from auditor.samples import Samples
from auditor.syntax.tfrecord_format import bytes_features, is_tfrecord
from tests.pictures import jpeg, landscape

PICTURES = [jpeg(landscape(seed, (96, 64))) for seed in range(3)]
MD5 = [hashlib.md5(picture).digest() for picture in PICTURES]


def field(number: int, data: bytes) -> bytes:
    length, size = len(data), b""
    while length >= 0x80:
        size, length = size + bytes([length & 0x7F | 0x80]), length >> 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + data


def example(**features: list[bytes]) -> bytes:
    entries = [
        field(1, field(1, name.encode()) + field(2, field(1, b"".join(field(1, value) for value in values))))
        for name, values in features.items()
    ]
    label = field(1, field(1, b"label") + field(2, field(3, b"\x0a\x02\x05\x07")))
    return field(1, b"".join(entries) + label)


def masked_crc(data: bytes) -> bytes:
    """CRC-32C as RFC 3720 has it, masked as TensorFlow does."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def tfrecord(*records: bytes) -> bytes:
    return b"".join(
        (length := struct.pack("<Q", len(record))) + masked_crc(length) + record + bytes(4) for record in records
    )


def items_of(folder: Path, data: bytes, name: str = "train.tfrecord-00000-of-00001") -> list[Any]:
    (folder / name).write_bytes(data)
    blob = Blob(str(folder / name), name, len(data), "dataset", "acme/records")
    return list(read_with_members(reader_name(blob, blob.read(4096)), [blob], ReadOptions(frozenset({"md5", "url"}))))


def rows(items: list[Any]) -> list[dict[str, Any]]:
    return [row for item in items if isinstance(item, Samples) for row in item.batch.to_pylist()]


def test_a_header_as_tensorflow_writes_it_is_recognised() -> None:
    # The first 12 bytes of a file with one record of 24 bytes that tf.io.TFRecordWriter wrote.
    assert is_tfrecord(bytes.fromhex("1800000000000000a37f4b22"))
    assert not is_tfrecord(bytes.fromhex("1900000000000000a37f4b22"))


@pytest.mark.parametrize(("name", "pack"), [("a.tfrecord", bytes), ("without-suffix", bytes), ("a.gz", gzip.compress)])
def test_encoded_pictures_of_examples_are_samples(name: str, pack: Any, tmp_path: Path) -> None:
    data = tfrecord(*(example(image=[picture], caption=[b"hills"]) for picture in PICTURES))
    found = rows(items_of(tmp_path, pack(data), name))
    assert [row["md5"] for row in found if row.get("md5")] == MD5


def test_several_pictures_of_an_example_and_its_address_are_samples(tmp_path: Path) -> None:
    data = tfrecord(example(frames=PICTURES[:2]), example(frames=PICTURES[2:], url=[b"https://example.org/2.jpg"]))
    found = rows(items_of(tmp_path, data))
    assert [row["md5"] for row in found if row.get("md5")] == MD5
    assert {row["url"] for row in found} == {None, "https://example.org/2.jpg"}


def test_numbers_alone_hold_nothing(tmp_path: Path) -> None:
    assert items_of(tmp_path, tfrecord(example(), example())) == []


def test_the_records_of_a_sequence_are_read() -> None:
    frames = field(
        1, field(1, b"frames") + field(2, field(1, field(1, field(1, b"one"))) + field(1, field(1, field(1, b"two"))))
    )
    assert bytes_features(field(1, b"") + field(2, frames)) == {"frames": [b"one", b"two"]}
    assert bytes_features(b"\xff\xff no example") is None


def test_records_before_the_end_of_a_file_that_is_cut_off_count(tmp_path: Path) -> None:
    data = tfrecord(*(example(image=[picture]) for picture in PICTURES))[:-100]
    items = items_of(tmp_path, data)
    assert [row["md5"] for row in rows(items)] == MD5[:2]
    assert [(item.carrier, item.why) for item in items if isinstance(item, PartlyRead)] == [
        ("the records after 2", "a TFRecord file that is cut short")
    ]
    (unread,) = items_of(tmp_path, data[:500])
    assert isinstance(unread, Unread)
