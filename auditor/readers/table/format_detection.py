"""Recognise a table by its first bytes and its name, and find its format."""

from __future__ import annotations

import re
import zlib
from lzma import LZMAError

import pyarrow as pa

from auditor.blob import Blob
from auditor.errors import Unreadable
from auditor.readers import HEAD_BYTES
from auditor.readers.table import arrow, csv, json
from auditor.syntax.archive_members import Compression, open_compressed
from auditor.syntax.card_columns import card_columns
from auditor.syntax.csv_stream import parse_csv_header
from auditor.syntax.file_pointer import is_file_pointer
from auditor.syntax.parquet_schema import parquet_column_names
from auditor.syntax.text_encoding import decode_prefix

_PARQUET_MAGIC = b"PAR1"
_ARROW_SUFFIXES = frozenset({".arrow", ".feather", ".ipc"})
_CSV_SUFFIXES = frozenset({".csv", ".tsv", ".tab", ".psv"})
JSON_LINES_SUFFIXES = frozenset({".jsonl", ".ndjson"})
_TEXT_SUFFIXES = _CSV_SUFFIXES | JSON_LINES_SUFFIXES | {".json", ".txt", ""}
# Other names of JSON and of JSON lines.
_ALIASES = {
    ".geojson": ".json",
    ".har": ".json",
    ".jl": ".jsonl",
    ".jsonlines": ".jsonl",
    ".ldjson": ".jsonl",
    ".geojsonl": ".jsonl",
}
_COMPRESSIONS: dict[str, Compression] = {
    ".gz": "gzip",
    ".zst": "zstd",
    ".bz2": "bzip2",
    ".xz": "xz",
    ".lz4": "lz4",
}
ARRAY_OF_OBJECTS = re.compile(r"\[\s*\{")
# Keys of the JSON that img2dataset writes for each image, beside it in a folder or in a webdataset shard.
_IMG2DATASET = re.compile(rb'"(?:original_width|error_message)"\s*:')
# What Arrow, zlib and the standard library raise on files that are broken.
READ_ERRORS = (
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
    suffix, compression = format_suffix(blob)
    if is_parquet(suffix, head):
        is_cut = blob.remote is not None and blob.remote.is_declared_parquet
        return 60 if is_cut or not card_columns(_parquet_column_names(blob)) else 0
    if is_arrow(suffix, head):
        return 60
    if suffix not in _TEXT_SUFFIXES or is_file_pointer(head):
        return 60 if is_file_pointer(head) and suffix in _TEXT_SUFFIXES - {".txt", ""} else 0
    try:
        text = decode_prefix(text_head(blob, head, compression))
    except Unreadable:
        text = ""
    if suffix in _CSV_SUFFIXES:
        return 0 if card_columns(parse_csv_header(text).cells) else 40
    start = text.lstrip("\ufeff \t\r\n")
    if suffix in JSON_LINES_SUFFIXES:
        return 0 if card_columns(json.first_keys(start)) else 40
    if suffix == ".json":
        if ARRAY_OF_OBJECTS.match(start) or (json.first_keys(start) and "\n{" in start):
            first = start.lstrip("[ \t\r\n").split("\n")[0].rstrip(", ]\r")
            return 0 if card_columns(json.first_keys(first)) else 40
        if start.startswith("{") and _IMG2DATASET.search(head):
            return 40
        return 10 if start.startswith(("{", "[")) and blob.kind != "model" else 0
    return 30 if csv.is_url_list(text) else 0


def is_parquet(suffix: str, head: bytes) -> bool:
    """Return whether a table's format is Parquet, by its first bytes or its suffix."""
    return head.startswith(_PARQUET_MAGIC) or suffix == ".parquet"


def is_arrow(suffix: str, head: bytes) -> bool:
    """Return whether a table's format is Arrow, Feather or ORC, by its first bytes or its suffix."""
    magics = (arrow.FILE_MAGIC, arrow.FEATHER_1_MAGIC)
    return head.startswith(magics) or suffix in _ARROW_SUFFIXES or suffix == ".orc"


def format_suffix(blob: Blob) -> tuple[str, Compression | None]:
    """Return the suffix of the table's format, and the compression of the file."""
    compression = _COMPRESSIONS.get(blob.suffix)
    if not compression:
        return _ALIASES.get(blob.suffix, blob.suffix), None
    stem = blob.basename[: -len(blob.suffix)]
    suffix = f".{stem.rpartition('.')[2].lower()}" if "." in stem else ""
    return _ALIASES.get(suffix, suffix), compression


def text_head(blob: Blob, head: bytes, compression: Compression | None) -> bytes:
    """Return the beginning of a text table, unpacked, to detect its format. Raises Unreadable if it is empty."""
    if not compression:
        return head
    data = b""
    try:
        with blob.open() as file:  # of a zstd file, the first bytes alone unpack to nothing
            stream = open_compressed(file, compression)
            while len(data) < HEAD_BYTES and (piece := stream.read(HEAD_BYTES - len(data))):
                data += piece
    except READ_ERRORS as error:
        if not data:
            raise Unreadable(f"not a {compression} file") from error
    return data


def _parquet_column_names(blob: Blob) -> list[str]:
    """Return the column names of a Parquet table, to detect tables of cards; none if it cannot be read."""
    try:
        with blob.open() as file:
            return parquet_column_names(file)
    except (Unreadable, *READ_ERRORS):
        return []
