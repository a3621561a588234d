"""A file of which one carrier was not read is told from one that was read whole and from one that was not read."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from auditor.extensions import load_members
from auditor.model import Count, Gap, Place, Ref
from auditor.pipeline.audit import audit

READER = """
from auditor.model import Place, Ref, Statement, Subject
from auditor.parts import Part, PartlyRead
from auditor.readers import ReaderExample
from auditor.samples import Samples, build_sample_batch

EXAMPLES = (ReaderExample("a.leaf", b"LEAF", (("title", "Leaf", ""),)),)


def claims(blob, head):
    return 90 if head.startswith(b"LEAF") else 0


def read(blobs, options):
    for blob in blobs:
        if b"samples" in blob.read():
            batch = build_sample_batch({"sample": ["1"], "place": [blob.uri]}, ())
            yield Samples(blob.ref("dataset"), "computed", batch)
        if b"text" in blob.read():
            yield Part(Subject("document", blob.uri, "", (Statement("title", "Leaf", "", Place(blob.uri), "leaf"),)))
        if b"column" in blob.read():
            yield PartlyRead(blob, "column veins.thumb", "bytes of no known kind: 300 of 300")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for files that a reader of an installed distribution reads."""
    metadata = tmp_path / "site" / "acme_leaf-1.2.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-leaf\nVersion: 1.2\n")
    (metadata / "entry_points.txt").write_text("[auditor.readers]\nleaf = acme_leaf_partly\n")
    (tmp_path / "site" / "acme_leaf_partly.py").write_text(READER)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.delitem(sys.modules, "acme_leaf_partly", raising=False)
    load_members.cache_clear()
    (tmp_path / "leaves").mkdir()
    return tmp_path / "leaves"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"LEAF samples", Count(1, 1)),
        (b"LEAF samples column", Count(1, partly=1)),
        (b"LEAF text column", Count(1, partly=1)),
        (b"LEAF column", Count(1, errored=1)),
    ],
)
def test_a_file_counts_as_partly_read_if_something_of_it_was_read(folder: Path, data: bytes, expected: Count) -> None:
    (folder / "a.leaf").write_bytes(data)
    report = audit(folder, out=folder.parent / "run", workers=1)
    assert report.tally.files == expected
    assert report.exit_code() == (3 if b"column" in data else 0)


def test_the_gap_names_the_file_the_carrier_and_the_reason(folder: Path) -> None:
    (folder / "a.leaf").write_bytes(b"LEAF samples column")
    report = audit(folder, out=folder.parent / "run", workers=1)
    why = "column veins.thumb: bytes of no known kind: 300 of 300"
    assert list(report.gaps) == [(Ref("dataset", "leaves"), Gap("samples", why, Place("a.leaf")))]
    assert report.tally.reasons["bytes of no known kind"] == 1
