"""LMDB: the values of records are samples; no lock is taken."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.blob import Blob, Unread
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part, PartlyRead
from auditor.pipeline.read_members import read_with_members
from auditor.readers import reader_name
from auditor.samples import Samples
from auditor.sources.folder import blobs
from tests.pictures import jpeg, landscape

lmdb = pytest.importorskip("lmdb")

PICTURES = {f"image-{seed:06}".encode(): jpeg(landscape(seed, (96, 64))) for seed in range(40)}


def database(folder: Path, records: Mapping[bytes, bytes], **options: Any) -> Path:
    with lmdb.open(str(folder), map_size=1 << 26, **options) as environment, environment.begin(write=True) as writing:
        for key, value in records.items():
            writing.put(key, value)
    return folder


def items_of(path: Path) -> list[Part | Samples | PartlyRead | Unread]:
    blob = Blob(str(path), path.name, path.stat().st_size, "dataset", "acme/records")
    name = reader_name(blob, blob.read(4096))
    return list(read_with_members(name, [blob], ReadOptions(frozenset({"md5"}))))


def digests(items: list[Part | Samples | PartlyRead | Unread]) -> dict[str, bytes]:
    found = [row for item in items if isinstance(item, Samples) for row in item.batch.to_pylist()]
    return {row["sample"]: row["md5"] for row in found if row.get("md5")}


def expected(records: Mapping[bytes, bytes]) -> dict[str, bytes]:
    return {key.decode(): hashlib.md5(value).digest() for key, value in records.items()}


def test_encoded_pictures_are_samples_named_by_their_keys(tmp_path: Path) -> None:
    folder = database(tmp_path / "db", PICTURES | {b"num-samples": b"40"})
    assert digests(items_of(folder / "data.mdb")) == expected(PICTURES)


def test_small_and_many_records_on_several_levels_of_pages_are_read(tmp_path: Path) -> None:
    urls = {f"{n:08}".encode(): f"https://example.org/{n}.jpg".encode() for n in range(20_000)}
    folder = database(tmp_path / "db", urls)
    path = folder / "data.mdb"
    blob = Blob(str(path), "data.mdb", path.stat().st_size, "dataset", "acme/records")
    found = [
        row["url"]
        for item in read_with_members("lmdb_database", [blob], ReadOptions(frozenset({"url"})))
        if isinstance(item, Samples)
        for row in item.batch.to_pylist()
    ]
    assert sorted(found) == sorted(url.decode() for url in urls.values())


def test_records_of_named_databases_and_several_values_of_a_key_are_read(tmp_path: Path) -> None:
    path = tmp_path / "named.lmdb"
    with lmdb.open(str(path), subdir=False, max_dbs=3, map_size=1 << 26) as environment:
        pictures = environment.open_db(b"pictures")
        several = environment.open_db(b"several", dupsort=True)
        with environment.begin(write=True) as writing:
            for key, value in PICTURES.items():
                writing.put(key, value, db=pictures)
            for number in range(300):
                writing.put(b"key", f"https://example.org/{number:03}".encode(), db=several)
            writing.put(b"two", b"https://example.org/a", db=several)
            writing.put(b"two", b"https://example.org/b", db=several)
    items = items_of(path)
    assert expected(PICTURES).items() <= digests(items).items()
    blob = Blob(str(path), path.name, path.stat().st_size, "dataset", "acme/records")
    urls = {
        row["url"]
        for item in read_with_members("lmdb_database", [blob], ReadOptions(frozenset({"url"})))
        if isinstance(item, Samples)
        for row in item.batch.to_pylist()
    }
    assert {f"https://example.org/{n:03}" for n in range(300)} | {
        "https://example.org/a",
        "https://example.org/b",
    } <= urls


def test_reading_takes_no_lock_and_changes_no_file(tmp_path: Path) -> None:
    folder = database(tmp_path / "db", PICTURES)
    (folder / "lock.mdb").unlink()
    before = (folder / "data.mdb").stat()
    assert len(digests(items_of(folder / "data.mdb"))) == 40
    assert [path.name for path in folder.iterdir()] == ["data.mdb"]
    after = (folder / "data.mdb").stat()
    assert (after.st_mtime_ns, after.st_size) == (before.st_mtime_ns, before.st_size)


def test_a_lock_holds_nothing(tmp_path: Path) -> None:
    folder = database(tmp_path / "db", PICTURES)
    (lock,) = [blob for blob in blobs(str(folder)) if isinstance(blob, Blob) and blob.basename == "lock.mdb"]
    (item,) = read_with_members(reader_name(lock, lock.read(4096)), [lock], ReadOptions(frozenset({"md5"})))
    assert isinstance(item, Unread)
    assert (item.why, item.skipped) == ("the lock of an LMDB database", True)


def test_what_was_read_before_a_database_breaks_off_counts(tmp_path: Path) -> None:
    folder = database(tmp_path / "db", PICTURES)
    whole = (folder / "data.mdb").read_bytes()
    seen = set()
    for at in range(1 << 12, len(whole), 1 << 12):
        (tmp_path / "cut.mdb").write_bytes(whole[:at])
        items = items_of(tmp_path / "cut.mdb")
        found = digests(items)
        seen.add(len(found))
        assert found.items() <= expected(PICTURES).items()
        assert any(isinstance(item, (PartlyRead, Unread)) for item in items) or len(found) == 40
    assert len(seen) > 2


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 60_000), junk=st.binary(min_size=1, max_size=12))
def test_damaged_pages_raise_nothing(at: int, junk: bytes, tmp_path: Path) -> None:
    if not (tmp_path / "db").exists():
        database(tmp_path / "db", PICTURES)
    data = bytearray((tmp_path / "db" / "data.mdb").read_bytes())
    data[at : at + len(junk)] = junk
    (tmp_path / "damaged.mdb").write_bytes(data)
    blob = Blob(str(tmp_path / "damaged.mdb"), "damaged.mdb", len(data), "dataset", "acme/records")
    assert list(read_with_members("lmdb_database", [blob], ReadOptions(frozenset({"md5"}))))
