"""Read tables and manifests: CSV, TSV, JSON, Parquet, Arrow and ORC files that hold pictures, digests or addresses.

A file becomes batches of rows in the module of its format (``parquet``, ``arrow``, ``csv``, ``json``): all columns, at
any depth, that can hold one. What they hold is told by their values in ``leaf_content``, and the rows become samples in
``row_samples``. To add a format, add a module that yields :class:`~auditor.readers.table.row_batch.RowBatch`, and a
line to :func:`auditor.readers.table.read_tables.read_rows`.
"""

from __future__ import annotations

from auditor.part_builders.read_options import ReadOptions
from auditor.readers import ReaderExample
from auditor.readers.table.format_detection import claims
from auditor.readers.table.read_tables import NOT_USABLE, read

__all__ = ["EXAMPLES", "READS_MEMBERS", "READS_PARTITIONS", "UNREAD_GAP", "claims", "read"]

READS_PARTITIONS = True
UNREAD_GAP = "samples"
READS_MEMBERS = True
EXAMPLES = (
    ReaderExample(
        "manifest.csv",
        b"URL,TEXT,MD5\nhttp://a.example/1.jpg,a hill,9e107d9d372bb6826bd81d3542a419d6\n",
        columns=("md5",),
        options=ReadOptions(frozenset({"md5", "url"})),
    ),
    ReaderExample(
        "manifest.jsonl",
        b'{"url": "http://a.example/1.jpg", "sha256": "' + b"ab" * 32 + b'"}\n',
        columns=("sha256",),
        options=ReadOptions(frozenset({"sha256", "url"})),
    ),
    ReaderExample("captions.csv", b"file_name,text\n1.jpg,a hill\n", unread=NOT_USABLE),
    ReaderExample("empty.csv", b"", unread="the file is empty"),
)
