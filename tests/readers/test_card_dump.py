"""Tables of cards: each row is a subject, whatever the format of the table."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.blob import Blob
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part
from auditor.readers import card_dump, reader_name
from tests.readers.blobs import written_blob

CARDS = {
    "modelId": ["acme/leaf", "acme/tree", None],
    "sha": ["abc", "def", None],
    "card": ["---\nlicense: mit\r\n---\n# Leaf\n", None, "# Bush\n\nThis model grows. " + "leaf " * 200],
    "downloads": [1, 2, 3],
}


@pytest.mark.parametrize("form", ["parquet", "jsonl", "jsonl.gz", "lines.json", "json", "csv"])
def test_each_row_of_a_dump_is_a_subject(form: str, tmp_path: Path) -> None:
    rows = [dict(zip(CARDS, row, strict=True)) for row in zip(*CARDS.values(), strict=True)]
    path = tmp_path / f"cards.{form}"
    if form == "parquet":
        pq.write_table(pa.table(CARDS), path)
    elif form == "csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(CARDS))
            writer.writeheader()
            writer.writerows(rows)
    elif form == "json":
        path.write_text(json.dumps(rows))
    else:
        data = "".join(json.dumps(row) + "\n" for row in rows).encode()
        path.write_bytes(gzip.compress(data) if form.endswith("gz") else data)
    found = Blob(str(path), path.name, path.stat().st_size, standalone_name="cards", standalone_kind="model")
    assert reader_name(found, found.read(4096)) == "card_dump"
    items = list(card_dump.read([found], ReadOptions()))
    assert all(isinstance(item, Part) for item in items)
    subjects = [item.subject for item in items if isinstance(item, Part)]
    assert [(s.kind, s.name, s.revision) for s in subjects] == [
        ("model", "acme/leaf", "abc"),
        ("model", "acme/tree", "def"),
        ("model", "cards#3", ""),
    ]
    assert [s.values("title") for s in subjects] == [("Leaf",), (), ("Bush",)]
    (licence,) = subjects[0].statements_for("licence")
    assert str(licence.place) == f"cards.{form}#row=1:2"
    assert [s.gaps for s in subjects] == [(), (), ()]


def test_a_row_that_cannot_be_read_is_a_gap_and_the_others_are_read(tmp_path: Path) -> None:
    found = written_blob(
        tmp_path, "cards.jsonl", b'{"id": "a", "card": "# A"}\n{broken\n[1]\n{"id": "b", "card": "# B"}\n'
    )
    subjects = [item.subject for item in card_dump.read([found], ReadOptions()) if isinstance(item, Part)]
    assert [s.values("title") for s in subjects] == [("A",), ("B",), ()]
    assert [(g.why, g.place.line) for g in subjects[-1].gaps] == [("is not JSON", 2), ("is not an object", 3)]


def test_a_truncated_parquet_dump_is_a_gap_or_unread(tmp_path: Path) -> None:
    path = tmp_path / "cards.parquet"
    pq.write_table(pa.table(CARDS), path)
    found = written_blob(tmp_path, "cut.parquet", path.read_bytes()[:-20])
    (item,) = card_dump.read([found], ReadOptions())
    assert isinstance(item, Part)
    assert item.subject.gaps[0].why.startswith("cannot be read to the end: ")
