"""A large table is read in partitions by several workers: every row once, and the file counts once."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.blob import Blob
from auditor.facts import subjects_from_rows
from auditor.model import Count
from auditor.pipeline.audit import audit
from auditor.pipeline.report import Report


@given(st.integers(0, 300), st.integers(1, 40))
def test_the_partitions_of_a_file_cover_it_once(count: int, of: int) -> None:
    shares = [Blob("", "t.parquet", 1, partition=(at, of)).partition_range(count) for at in range(of)]
    assert [part for share in shares for part in share] == list(range(count))
    assert not count or 0 in shares[0]  # the first is never empty: what is wrong with the file it says


def scan_folder(folder: Path, out: Path, known: tuple[Path, ...] = ()) -> tuple[Report, list[tuple[object, ...]]]:
    report = audit(folder, known=known, means="csam", out=out, workers=1)
    facts = pa.concat_tables([pq.read_table(path) for path in sorted((out / "facts").glob("*.parquet"))])
    said = [(subject.ref, subject.statements, subject.gaps) for subject in subjects_from_rows(facts)]
    # Of samples each shard states how many it read.
    return report, [(ref, [s for s in stated if s.key != "samples"], gaps) for ref, stated, gaps in said]


@pytest.fixture
def small_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Partitions so short that a table of a few kilobytes is cut; with one worker they are read here."""
    monkeypatch.setattr("auditor.pipeline.shard.PARTITION_BYTES", 2000)


def shard_count(run: Path) -> int:
    return len(list((run / "shards").glob("*.json")))


def test_a_dump_of_cards_in_partitions_is_the_same_subjects(tmp_path: Path, small_partitions: None) -> None:
    folder = tmp_path / "dump"
    folder.mkdir()
    cards = [f"---\nlicense: mit\n---\n# Leaf {hashlib.sha256(bytes([n])).hexdigest()}\n" for n in range(200)]
    table = pa.table({"modelId": [f"acme/leaf-{n}" for n in range(200)], "card": cards})
    pq.write_table(table, folder / "cards.parquet", row_group_size=17)
    report, said = scan_folder(folder, tmp_path / "run")
    assert shard_count(tmp_path / "run") > 5
    assert (report.tally.files, report.subjects) == (Count(1, 1), {"model": 200})
    places = {ref.name: str(stated[0].place) for ref, stated, _ in said}  # type: ignore[attr-defined, index]
    assert places == {f"acme/leaf-{n}": f"cards.parquet#row={n + 1}:2" for n in range(200)}


def test_a_manifest_in_partitions_has_the_same_samples_and_hits(tmp_path: Path, small_partitions: None) -> None:
    folder = tmp_path / "manifest"
    folder.mkdir()
    digests = [hashlib.md5(bytes([n])).hexdigest() for n in range(250)]
    pq.write_table(pa.table({"url": digests, "md5": digests}), folder / "rows.parquet", row_group_size=10)
    listed = tmp_path / "list.csv"
    with open(listed, "w", newline="") as file:
        csv.writer(file).writerows([["md5"], *([digest] for digest in digests[::50])])
    report, _ = scan_folder(folder, tmp_path / "run", (listed,))
    assert shard_count(tmp_path / "run") > 5
    assert (report.tally.files, report.tally.samples) == (Count(1, 1), Count(250, 250))
    hits = pa.concat_tables([pq.read_table(path) for path in (tmp_path / "run/restricted/hits").glob("*.parquet")])
    assert sorted(hits["row"].to_pylist()) == [1, 51, 101, 151, 201]


@pytest.mark.parametrize("data", [b"\x80\x04no table" + b"x" * 9000, b"PAR1" + b"\0" * 9000 + b"PAR1"])
def test_a_file_that_is_only_named_like_a_table_counts_once(
    tmp_path: Path, small_partitions: None, data: bytes
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "wrong.parquet").write_bytes(data)
    report, _ = scan_folder(folder, tmp_path / "run")
    assert report.tally.files == Count(1, 0, 0, 1)
    assert list(report.tally.reasons.values()) == [1]
