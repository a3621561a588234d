"""Reads tables and manifests: CSV, TSV, JSON, Parquet, Arrow and ORC files that hold pictures, digests or addresses.

A file becomes batches of rows in the module of its format (``parquet``, ``arrow``, ``csv``, ``json``): all columns, at
any depth, that can hold one. What they hold is told by their values in ``leaf_content``, and the rows become samples in
``row_samples``. To add a format, add a module that yields :class:`~auditor.readers.table.row_batch.RowBatch`, and a
line to :func:`_rows`.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from lzma import LZMAError
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from auditor.errors import Unreadable
from auditor.model import Gap, Place, Subject
from auditor.parts import Part, PartlyRead
from auditor.readers import HEAD_BYTES, ReaderExample, ReadOptions
from auditor.readers.table import arrow, csv, json, parquet
from auditor.readers.table.row_batch import RowBatch
from auditor.readers.table.row_samples import TableSamples
from auditor.samples import Samples
from auditor.sources import Blob, Unread
from auditor.syntax.archive import Compression, open_compressed
from auditor.syntax.card_columns import card_columns
from auditor.syntax.csv_stream import parse_csv_header
from auditor.syntax.file_pointer import is_file_pointer
from auditor.syntax.lenient_json import LenientJson
from auditor.syntax.parquet_schema import parquet_column_names
from auditor.syntax.text_encoding import decode_prefix, open_as_utf8

READS_PARTITIONS = True
UNREAD_GAP = "samples"
READS_MEMBERS = True
NOT_USABLE = "no column holds digests, URLs or image bytes"
NO_ROWS = "it holds no rows"

_PARQUET_MAGIC = b"PAR1"
_ARROW_SUFFIXES = frozenset({".arrow", ".feather", ".ipc"})
_CSV_SUFFIXES = frozenset({".csv", ".tsv", ".tab", ".psv"})
_JSON_LINES_SUFFIXES = frozenset({".jsonl", ".ndjson"})
_TEXT_SUFFIXES = _CSV_SUFFIXES | _JSON_LINES_SUFFIXES | {".json", ".txt", ""}
_COMPRESSIONS: dict[str, Compression] = {
    ".gz": "gzip",
    ".zst": "zstd",
    ".bz2": "bzip2",
    ".xz": "xz",
    ".lz4": "lz4",
}
_ARRAY_OF_OBJECTS = re.compile(r"\[\s*\{")
# Keys of the JSON that img2dataset writes for each image, beside it in a folder or in a webdataset shard.
_IMG2DATASET = re.compile(rb'"(?:original_width|error_message)"\s*:')
# What Arrow, zlib and the standard library raise on files that are broken.
_BROKEN = (
    pa.ArrowException,
    OSError,
    ValueError,
    MemoryError,
    EOFError,
    zlib.error,
    LZMAError,
    OverflowError,
    LookupError,
)


def claims(blob: Blob, head: bytes) -> int:
    """Claim a table by its first bytes, a text table by its name as well. Tables of cards are another reader's."""
    suffix, compression = _format_suffix(blob)
    if _is_parquet(suffix, head):
        return 0 if card_columns(_parquet_column_names(blob)) else 60
    if _is_arrow(suffix, head):
        return 60
    if suffix not in _TEXT_SUFFIXES or is_file_pointer(head):
        return 60 if is_file_pointer(head) and suffix in _TEXT_SUFFIXES - {".txt", ""} else 0
    try:
        text = decode_prefix(_text_head(blob, head, compression))
    except Unreadable:
        text = ""
    if suffix in _CSV_SUFFIXES:
        return 0 if card_columns(parse_csv_header(text).cells) else 40
    start = text.lstrip("\ufeff \t\r\n")
    if suffix in _JSON_LINES_SUFFIXES:
        return 0 if card_columns(json.first_keys(start)) else 40
    if suffix == ".json":
        if _ARRAY_OF_OBJECTS.match(start) or (json.first_keys(start) and "\n{" in start):
            first = start.lstrip("[ \t\r\n").split("\n")[0].rstrip(", ]\r")
            return 0 if card_columns(json.first_keys(first)) else 40
        if start.startswith("{") and _IMG2DATASET.search(head):
            return 40
        return 10 if start.startswith(("{", "[")) and blob.kind != "model" else 0
    return 30 if csv.is_url_list(text) else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Samples | PartlyRead | Unread]:
    """Yield every row of every table as samples: digests and URLs that it declares, and digests of its images."""
    for blob in blobs:
        yield from _read_table(blob, options)


def _read_table(blob: Blob, options: ReadOptions) -> Iterator[Part | Samples | PartlyRead | Unread]:
    """Yield the samples of one table, and what of it was not read."""
    if not blob.size:
        yield Unread(blob.uri, "the file is empty", skipped=True, blob=blob)
        return
    samples = TableSamples(blob, options)
    last_row = 0
    is_partly = False
    try:
        for rows in _rows(blob, options):
            last_row = max(last_row, int(rows.numbers[-1])) if len(rows.numbers) else last_row
            for item in samples.add(rows):
                is_partly = is_partly or isinstance(item, PartlyRead)
                yield item
    except Unreadable as error:
        why = str(error)
    except _BROKEN as error:
        why = _reason(error)
    else:
        if not samples.has_samples and not is_partly and not blob.partition[0]:
            yield Unread(blob.uri, NOT_USABLE if last_row else NO_ROWS, skipped=True, blob=blob)
        return
    if not last_row:
        yield Unread(blob.uri, why, blob=blob)
        return
    gap = Gap("table", f"the rows after row {last_row:,} could not be read: {why}", Place(blob.uri, last_row))
    ref = blob.ref("dataset")
    yield Part(Subject(ref.kind, ref.name, ref.revision, gaps=(gap,)))


def _rows(blob: Blob, options: ReadOptions) -> Iterator[RowBatch]:
    """Yield the rows of a table, of whatever format. Raises Unreadable and what broken files make libraries raise."""
    head = blob.read(HEAD_BYTES)
    suffix, compression = _format_suffix(blob)
    if is_file_pointer(head):
        raise Unreadable("a pointer of Git LFS or git-annex: the table itself is not here")
    if _is_parquet(suffix, head):
        with blob.open() as file:
            if not parquet.is_summary(file, blob):
                yield from parquet.read_rows(file, blob, options)
        return
    if _is_arrow(suffix, head):
        with blob.open() as file:
            yield from arrow.read_rows(file, head, blob.size)
        return
    start = _text_head(blob, head, compression)
    text = decode_prefix(start)
    if suffix not in _JSON_LINES_SUFFIXES | {".json"}:
        with blob.open() as file:
            yield from csv.read_rows(_open_text(file, compression, start), text)
        return
    is_lines = suffix in _JSON_LINES_SUFFIXES
    shape = json.shape_of(text, is_lines)
    traits = json.TextTraits(may_hold_samples=True, has_loose_commas=True, has_several_objects=False)
    if shape == "document" and not is_lines:
        with blob.open() as file:
            traits = json.look_through(_open_text(file, compression, start))
        # Settings, vocabularies and the like: nothing in them is worth parsing.
        if not traits.may_hold_samples and not _ARRAY_OF_OBJECTS.match(text.lstrip("\ufeff \t\r\n")):
            yield RowBatch(np.arange(1, 2))
            return
    with blob.open() as file:
        stream = _open_text(file, compression, start)
        if shape == "lines":
            yield from json.read_line_rows(stream)
        elif shape == "objects" or traits.has_several_objects:
            yield from json.read_object_rows(stream)
        else:
            yield from json.read_document_rows(LenientJson(stream) if traits.has_loose_commas else stream)


def _open_text(file: BinaryIO, compression: Compression | None, head: bytes) -> pa.NativeFile:
    """Return a text table as UTF-8; ``head`` is its beginning."""
    return open_as_utf8(open_compressed(file, compression) if compression else file, head)


def _is_parquet(suffix: str, head: bytes) -> bool:
    """Return whether a table is Parquet, by its first bytes or its suffix."""
    return head.startswith(_PARQUET_MAGIC) or suffix == ".parquet"


def _is_arrow(suffix: str, head: bytes) -> bool:
    """Return whether a table is Arrow, Feather or ORC, by its first bytes or its suffix."""
    magics = (arrow.FILE_MAGIC, arrow.FEATHER_1_MAGIC)
    return head.startswith(magics) or suffix in _ARROW_SUFFIXES or suffix == ".orc"


def _format_suffix(blob: Blob) -> tuple[str, Compression | None]:
    """Return the suffix of the table's format, and the compression of the file."""
    compression = _COMPRESSIONS.get(blob.suffix)
    if not compression:
        return blob.suffix, None
    stem = blob.basename[: -len(blob.suffix)]
    return (f".{stem.rpartition('.')[2].lower()}" if "." in stem else ""), compression


def _text_head(blob: Blob, head: bytes, compression: Compression | None) -> bytes:
    """Return the beginning of a text table, unpacked. Raises Unreadable if it holds nothing."""
    if not compression:
        return head
    data = b""
    try:
        with blob.open() as file:  # of a zstd file, the first bytes alone unpack to nothing
            stream = open_compressed(file, compression)
            while len(data) < HEAD_BYTES and (piece := stream.read(HEAD_BYTES - len(data))):
                data += piece
    except _BROKEN as error:
        if not data:
            raise Unreadable(f"not a {compression} file") from error
    return data


def _parquet_column_names(blob: Blob) -> list[str]:
    """Return the column names of a Parquet table; none if it cannot be read."""
    try:
        with blob.open() as file:
            return parquet_column_names(file)
    except (Unreadable, *_BROKEN):
        return []


def _reason(error: Exception) -> str:
    """Return a short reason why a table could not be read, from the error."""
    if isinstance(error, MemoryError):
        return "it needs more memory than a worker has"
    if isinstance(error, UnicodeError):
        return "its text is not in the encoding that its first bytes tell"
    return " ".join(str(error).split())[:160] or type(error).__name__


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
