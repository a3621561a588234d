"""Formats that are not read leave a gap that names them."""

from __future__ import annotations

import hashlib
import pickle
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from auditor.blob import Blob, Unread
from auditor.model import Kind
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part, PartlyRead
from auditor.pipeline.read_members import read_with_members
from auditor.readers import reader_name
from auditor.samples import Samples
from tests.readers.test_archives import zipped


def items_of(folder: Path, name: str, data: bytes, kind: Kind | str = "dataset", *algorithms: str) -> list[Any]:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    blob = Blob(str(folder / name), name, len(data), kind, "acme/data")  # type: ignore[arg-type]
    options = ReadOptions(frozenset(algorithms or ("md5", "pdq")))
    return list(read_with_members(reader_name(blob, blob.read(4096)), [blob], options))


def whys(items: list[Any]) -> list[str]:
    return [item.why for item in items if isinstance(item, PartlyRead)]


def sqlite(folder: Path) -> bytes:
    with sqlite3.connect(folder / "made") as database:
        database.execute("create table pictures (data blob)")
    return (folder / "made").read_bytes()


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("data.pkl", pickle.dumps({"image": b"bytes"}), "a pickle: never loaded"),
        ("data_batch_1", pickle.dumps([1, 2], 2), "a pickle: never loaded"),
        ("old.pickle", pickle.dumps([1, 2], 0), "a pickle: never loaded"),
        ("shard.00000.mds", b"\3\0\0\0", "a MosaicML MDS shard: not read"),
        ("train.beton", b"\2\0\4\0", "an FFCV Beton file: not read"),
        ("train.rec", b"\x0a\x23\xd7\xce" + bytes(60), "an MXNet RecordIO file: not read"),
        ("part.avro", b"Obj\x01\x04\x14avro.codec", "an Avro file: not read"),
        ("a.mat", b"MATLAB 5.0 MAT-file, Platform: GLNXA64", "a MATLAB file: not read"),
        ("a.zarr/images/0.0.0", b"\2\1\x21\1" + bytes(60), "a Zarr array: not read"),
        ("train-images-idx3-ubyte", b"\0\0\x08\x03\0\0\xea\x60\0\0\0\x1c\0\0\0\x1c", "an IDX file: not read"),
        ("data.7z", b"7z\xbc\xaf\x27\x1c" + bytes(60), "7z archives are not read"),
        ("data.rar", b"Rar!\x1a\x07\x01\0" + bytes(60), "RAR archives are not read"),
    ],
)
def test_a_format_that_is_not_read_is_named(name: str, data: bytes, why: str, tmp_path: Path) -> None:
    items = items_of(tmp_path, name, data)
    assert [item.why for item in items if isinstance(item, (PartlyRead, Unread))] == [why]
    assert not any(isinstance(item, Unread) and item.skipped for item in items)


def test_a_database_of_sqlite_has_exact_digests_and_a_gap(tmp_path: Path) -> None:
    data = sqlite(tmp_path)
    items = items_of(tmp_path, "data.db", data)
    assert whys(items) == ["an SQLite database: not read"]
    (samples,) = [item for item in items if isinstance(item, Samples)]
    assert samples.batch.column("md5").to_pylist() == [hashlib.md5(data).digest()]


def test_a_pickle_in_an_archive_is_named_with_its_member(tmp_path: Path) -> None:
    items = items_of(tmp_path, "a.zip", zipped({"x/data.pkl": pickle.dumps([1])}))
    (gap,) = [item for item in items if isinstance(item, PartlyRead)]
    assert (gap.blob.uri, gap.carrier, gap.why) == ("a.zip", "x/data.pkl!/its content", "a pickle: never loaded")


def test_a_pickle_in_no_subject_is_a_gap_and_may_be_a_model(tmp_path: Path) -> None:
    items = items_of(tmp_path, "data.pkl", pickle.dumps([1]), "")
    assert whys(items) == ["a pickle: never loaded"]
    assert [list(item.subject.values("weights_format")) for item in items if isinstance(item, Part)] == [["pickle"]]


def test_a_pickle_of_a_model_is_weights(tmp_path: Path) -> None:
    items = items_of(tmp_path, "data.pkl", pickle.dumps([1]), "model")
    assert whys(items) == []
    assert [list(item.subject.values("weights_format")) for item in items if isinstance(item, Part)] == [["pickle"]]
