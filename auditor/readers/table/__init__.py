"""Reads tables and manifests: CSV, TSV, JSON, Parquet and Arrow files whose columns hold digests, URLs or image bytes.

A file becomes batches of rows in the module of its format (``parquet``, ``arrow``, ``csv``, ``json``). What its columns
hold is decided in ``roles``, and the rows become samples in ``row_samples``. To add a format, add a module that yields
:class:`~auditor.readers.table.row_batch.RowBatch`, and a line to :func:`_rows`.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator

import pyarrow as pa

from auditor.errors import Unreadable
from auditor.model import Gap, Place, Subject
from auditor.parts import Part
from auditor.readers import HEAD_BYTES, ReaderExample, ReadOptions
from auditor.readers.table import arrow, csv, json, parquet
from auditor.readers.table.row_batch import RowBatch
from auditor.readers.table.row_samples import samples_of_rows
from auditor.samples import Samples
from auditor.sources import Blob, Unread
from auditor.syntax.card_columns import card_columns
from auditor.syntax.csv_stream import parse_csv_header
from auditor.syntax.lfs_pointer import is_lfs_pointer
from auditor.syntax.parquet_schema import parquet_column_names
from auditor.syntax.text_encoding import decode_prefix, open_as_utf8

READS_PARTITIONS = True
READS_MEMBERS = True
NOT_USABLE = "no column holds digests, URLs or image bytes"

_PARQUET_MAGIC = b"PAR1"
_ARROW_SUFFIXES = frozenset({".arrow", ".feather", ".ipc"})
_CSV_SUFFIXES = frozenset({".csv", ".tsv", ".tab", ".psv"})
_JSON_LINES_SUFFIXES = frozenset({".jsonl", ".ndjson"})
_TEXT_SUFFIXES = _CSV_SUFFIXES | _JSON_LINES_SUFFIXES | {".json", ".txt", ""}
_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}
# Keys of the JSON that img2dataset writes for each image, beside it in a folder or in a webdataset shard.
_IMG2DATASET = re.compile(rb'"(?:original_width|error_message)"\s*:')
# What Arrow, zlib and the standard library raise on files that are broken.
_BROKEN = (pa.ArrowException, OSError, ValueError, MemoryError, EOFError, zlib.error, OverflowError)


def claims(blob: Blob, head: bytes) -> int:
    """Claim a table by its first bytes, a text table by its name as well. Tables of cards are another reader's."""
    suffix, compression = _format_suffix(blob)
    if _is_parquet(suffix, head):
        return 0 if card_columns(_parquet_column_names(blob)) else 60
    if _is_arrow(suffix, head):
        return 60
    if suffix not in _TEXT_SUFFIXES:
        return 0
    try:
        text = decode_prefix(_decompressed(head, compression))
    except Unreadable:
        text = ""
    if suffix in _CSV_SUFFIXES:
        return 0 if card_columns(parse_csv_header(text).cells) else 40
    start = text.lstrip("\ufeff \t\r\n")
    if suffix in _JSON_LINES_SUFFIXES:
        return 0 if card_columns(json.first_keys(start)) else 40
    if suffix == ".json":
        if re.match(r"\[\s*\{", start) or (json.first_keys(start) and "\n{" in start):
            first = start.lstrip("[ \t\r\n").split("\n")[0].rstrip(", ]\r")
            return 0 if card_columns(json.first_keys(first)) else 40
        return 40 if start.startswith("{") and _IMG2DATASET.search(head) else 0
    return 30 if csv.is_url_list(text) else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Samples | Unread]:
    """Yield every row of every table as samples: digests and URLs that it declares, and digests of its images."""
    for blob in blobs:
        yield from _read_table(blob, options)


def _read_table(blob: Blob, options: ReadOptions) -> Iterator[Part | Samples | Unread]:
    last_row = 0
    has_usable_columns = False
    if not blob.size:
        yield Unread(blob.uri, "the file is empty", skipped=True, blob=blob)
        return
    try:
        for rows in _rows(blob, options):
            if not has_usable_columns and not rows.roles.usable:
                yield Unread(blob.uri, NOT_USABLE, skipped=True, blob=blob)
                return
            has_usable_columns = True
            last_row = max(last_row, int(rows.numbers[-1])) if len(rows.numbers) else last_row
            yield from samples_of_rows(blob, rows, options)
    except Unreadable as error:
        why = str(error)
    except _BROKEN as error:
        why = _reason(error)
    else:
        if not has_usable_columns and not blob.partition[0]:
            yield Unread(blob.uri, "it holds no rows", skipped=True, blob=blob)
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
    if is_lfs_pointer(head):
        raise Unreadable("a Git LFS pointer: the table itself is not here")
    with blob.open() as file:
        if _is_parquet(suffix, head):
            yield from parquet.read_rows(file, blob, options)
            return
        if _is_arrow(suffix, head):
            yield from arrow.read_rows(file, head, options)
            return
        start = _decompressed(head, compression)
        stream: pa.NativeFile = pa.PythonFile(file, mode="r")
        if compression:
            stream = pa.CompressedInputStream(stream, compression)
        stream = open_as_utf8(stream, start)
        text = decode_prefix(start)
        content = text.lstrip("\ufeff \t\r\n")
        is_object = content.startswith("{")
        if suffix in _JSON_LINES_SUFFIXES or (suffix == ".json" and is_object and "\n{" in content):
            yield from json.read_line_rows(stream, options)
        elif suffix == ".json" and is_object:
            yield from json.read_object_rows(stream, options)
        elif suffix == ".json":
            yield from json.read_array_rows(stream, options)
        else:
            yield from csv.read_rows(stream, text, options)


def _is_parquet(suffix: str, head: bytes) -> bool:
    return head.startswith(_PARQUET_MAGIC) or suffix == ".parquet"


def _is_arrow(suffix: str, head: bytes) -> bool:
    return head.startswith(arrow.FILE_MAGIC) or suffix in _ARROW_SUFFIXES


def _format_suffix(blob: Blob) -> tuple[str, str]:
    """Return the suffix of the table's format, and the compression of the file ("": it is not compressed)."""
    compression = _COMPRESSIONS.get(blob.suffix, "")
    if not compression:
        return blob.suffix, ""
    stem = blob.basename[: -len(blob.suffix)]
    return (f".{stem.rpartition('.')[2].lower()}" if "." in stem else ""), compression


def _decompressed(head: bytes, compression: str) -> bytes:
    """Return the beginning of what compressed bytes hold. Raises Unreadable if they hold nothing."""
    if not compression:
        return head
    data = b""
    try:
        stream = pa.CompressedInputStream(pa.BufferReader(head), compression)
        while len(data) < HEAD_BYTES and (piece := stream.read(256)):
            data += piece
    except (pa.ArrowException, OSError) as error:
        if not data:
            raise Unreadable(f"not a {compression} file") from error
    return data


def _parquet_column_names(blob: Blob) -> list[str]:
    try:
        with blob.open() as file:
            return parquet_column_names(file)
    except (Unreadable, *_BROKEN):
        return []


def _reason(error: Exception) -> str:
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
