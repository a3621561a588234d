"""Rows of JSON in every common shape: lines, arrays, objects of arrays, objects of objects, objects in a row."""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.json

from auditor.errors import Unreadable
from auditor.readers.table.json_records import MAX_COLUMNS, RecordColumns, is_long_key, record_leaves
from auditor.readers.table.row_batch import MAX_BATCH_BYTES, MAX_BATCH_ROWS, RowBatch, row_batches
from auditor.syntax.json_stream import REMAINDER, ByteStream, iter_json_rows
from auditor.syntax.lenient_json import LenientJson
from auditor.syntax.sample_hints import may_hold_samples

BLOCK_BYTES = 1 << 23  # lines that are parsed at once
MAX_LINE_BYTES = 1 << 26
_DOCUMENT_ROWS = 8192  # rows of a document that are looked at together
# Of a block, the lines by which its columns are known: so many at its beginning, and the last one.
_SAMPLED_LINES, _SAMPLED_HEAD_BYTES, _SAMPLED_TAIL_BYTES = 200, 1 << 20, 1 << 14
_COMMA_BEFORE_BRACKET = re.compile(rb",\s*[\]}]")
_OBJECT_AFTER_OBJECT = re.compile(rb"\n\}\s*,?\s*\{")
# Keys of the JSON that img2dataset writes for each image, beside it in a folder or in a webdataset shard.
_IMG2DATASET_KEYS = frozenset({"original_width", "error_message"})
_OVERLAP = 1 << 10  # bytes that pieces of a text share, so that nothing is cut in two

Shape = Literal["lines", "document", "objects"]


def json_layout(head: str, is_lines: bool) -> Shape:
    """Return the layout of a JSON file, judged by its beginning.

    ``lines``: one record per line. ``document``: one array or object. ``objects``: one object after the other, each
    over several lines.

    Args:
        head: The beginning of the text.
        is_lines: Its name says that it holds lines.
    """
    first, newline, rest = head.lstrip("\ufeff \t\r\n").partition("\n")
    second = rest.lstrip(" \t\r\n")
    record = _parse_record(first.encode("utf-8", "replace"))
    if first.startswith("["):
        return "lines" if isinstance(record, list) and second.startswith("[") else "document"
    if isinstance(record, dict):
        return "lines" if is_lines or second.startswith("{") else "document"
    if not is_lines:
        return "document"
    return "objects" if first.startswith("{") and newline and not second.startswith("{") else "lines"


class JsonTraits(NamedTuple):
    """What a JSON text looks like before it is parsed."""

    may_hold_samples: bool
    has_loose_commas: bool
    has_several_objects: bool


def scan_json_text(stream: ByteStream) -> JsonTraits:
    """Return the traits of a whole JSON text. It costs a fraction of parsing it."""
    found = [False, False, False]
    overlap = b""
    while piece := stream.read(BLOCK_BYTES):
        text = overlap + piece
        found[0] = found[0] or may_hold_samples(text)
        found[1] = found[1] or _COMMA_BEFORE_BRACKET.search(text) is not None
        found[2] = found[2] or _OBJECT_AFTER_OBJECT.search(text) is not None
        overlap = text[-_OVERLAP:]
    return JsonTraits(*found)


def read_line_rows(stream: pa.NativeFile) -> Iterator[RowBatch]:
    """Yield the rows of JSON lines in UTF-8; a line that is no object or array costs itself alone."""
    first = 1
    for block in _line_blocks(stream):
        if block.is_too_long:
            faults = pa.array([f"the line is longer than {MAX_LINE_BYTES:,} bytes"])
            yield RowBatch(np.array([first], np.int64), (), faults)
        elif (table := _parse_regular(block)) is not None:
            number = first
            for batch in table.to_batches(MAX_BATCH_ROWS):
                yield from row_batches(batch, number)  # lists of numbers too: they can be a file's bytes
                number += batch.num_rows
        else:
            yield from _record_rows(block.data.split(b"\n")[: block.lines], first)
        first += block.lines


def read_document_rows(stream: ByteStream) -> Iterator[RowBatch]:
    """Yield the rows of a JSON document, numbered in their order. Raises Unreadable where it breaks off."""
    first = 1
    columns = RecordColumns()
    current = ""

    def rows() -> RowBatch:
        return RowBatch(np.arange(first, first + columns.rows), columns.leaves(), table=current)

    try:
        for table, key, value in iter_json_rows(stream):
            if table == REMAINDER and isinstance(value, dict) and not _IMG2DATASET_KEYS.isdisjoint(value):
                table = ""
            if columns.rows and (table != current or columns.rows == _DOCUMENT_ROWS or columns.size > MAX_BATCH_BYTES):
                yield rows()
                first += columns.rows
                columns = RecordColumns()
            current = table
            if key:
                columns.add_key(key)
            columns.add(value)
    except Unreadable:
        if columns.rows:
            yield rows()
        raise
    if columns.rows:
        yield rows()


def read_object_rows(stream: ByteStream) -> Iterator[RowBatch]:
    """Yield the rows of JSON objects that follow each other without an array around them. Raises Unreadable."""
    yield from read_document_rows(LenientJson(stream, join=True))


def first_keys(head: str) -> list[str]:
    """Return the keys of the object in a JSON text's first line; if it is cut off, what looks like its keys."""
    record = _parse_record(head.split("\n", 1)[0].encode("utf-8", "replace"))
    if isinstance(record, dict):
        return list(record)
    return re.findall(r'"(\w+)"\s*:', head) if head.startswith("{") else []


class _Block(NamedTuple):
    """Whole lines of a file, and how many; or, in place of a line too long to keep, nothing."""

    data: bytes
    lines: int
    is_too_long: bool = False


def _line_blocks(stream: pa.NativeFile) -> Iterator[_Block]:
    """Yield JSON lines in blocks of whole lines."""
    rest = b""
    while piece := stream.read(BLOCK_BYTES):
        rest += piece
        end = rest.rfind(b"\n") + 1
        if end:
            yield _Block(rest[:end], rest.count(b"\n", 0, end))
            rest = rest[end:]
        elif len(rest) > MAX_LINE_BYTES:
            yield _Block(b"", 1, is_too_long=True)
            while piece and b"\n" not in piece:
                piece = stream.read(BLOCK_BYTES)
            rest = piece[piece.find(b"\n") + 1 :] if piece else b""
    if rest.strip():
        yield _Block(rest + b"\n", 1)


def _parse_regular(block: _Block) -> pa.Table | None:
    """Return the columns of JSON lines by Arrow's parser; None if a line is unlike the others."""
    schema = _schema_of_block(block.data)
    if schema is None:
        return None
    try:
        table = pyarrow.json.read_json(
            io.BytesIO(block.data.removeprefix(codecs.BOM_UTF8)),
            pyarrow.json.ReadOptions(use_threads=False, block_size=len(block.data) + 1),
            pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
        )
    except pa.ArrowException:
        return None
    return table if table.num_rows == block.lines else None


def _schema_of_block(data: bytes) -> pa.Schema | None:
    """Return the types of a block's first and last JSON lines; None if too unlike, or if there are too many keys."""
    lines = data[:_SAMPLED_HEAD_BYTES].split(b"\n", _SAMPLED_LINES)[:_SAMPLED_LINES]
    if len(lines) < _SAMPLED_LINES:
        lines = lines[:-1]
    lines += data[-_SAMPLED_TAIL_BYTES:].split(b"\n")[-2:-1]
    records = [record for record in map(_parse_record, lines) if isinstance(record, dict)]
    if not records or sum(_count_keys(record) for record in records) > MAX_COLUMNS * _SAMPLED_LINES:
        return None
    try:
        kind = pa.array(records).type
    except (pa.ArrowException, OverflowError, UnicodeError):
        return None
    fields = [kind.field(index) for index in range(kind.num_fields)]
    if _count_fields(kind) > MAX_COLUMNS or _has_long_key(kind):
        return None
    return pa.schema([field.with_type(_without_nulls(field.type)) for field in fields])


def _count_keys(value: object) -> int:
    """Count the keys in a JSON value, at any depth."""
    if isinstance(value, dict):
        return len(value) + sum(map(_count_keys, value.values()))
    return sum(map(_count_keys, value)) if isinstance(value, list) else 0


def _count_fields(kind: pa.DataType) -> int:
    """Count the fields of the Arrow type of JSON lines, at any depth."""
    return 1 + sum(_count_fields(kind.field(index).type) for index in range(kind.num_fields))


def _has_long_key(kind: pa.DataType) -> bool:
    """Return whether a key of JSON lines, at any depth, may be a digest or an address itself."""
    fields = [kind.field(index) for index in range(kind.num_fields)]
    return any(is_long_key(field.name) or _has_long_key(field.type) for field in fields)


def _without_nulls(kind: pa.DataType) -> pa.DataType:
    """Return a JSON column's type with text where only nulls were seen: of other types, the block is read otherwise."""
    if pa.types.is_null(kind):
        return pa.string()
    if pa.types.is_struct(kind):
        fields = [kind.field(index) for index in range(kind.num_fields)]
        return pa.struct([field.with_type(_without_nulls(field.type)) for field in fields])
    return pa.list_(_without_nulls(kind.value_type)) if pa.types.is_list(kind) else kind


def _parse_record(line: bytes) -> object:
    """Return the object or list of a JSON line, None for an empty line, or a text that says what is wrong."""
    line = line.removeprefix(codecs.BOM_UTF8).strip().removesuffix(b",")
    if not line:
        return None
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        return "the line is not JSON" if isinstance(error, ValueError) else "the line's JSON is nested too deep"
    return record if isinstance(record, dict | list) else "the line is not a JSON object"


def _record_rows(lines: Sequence[bytes], first: int) -> Iterator[RowBatch]:
    """Yield the rows of some JSON lines, the first of which has the number ``first``."""
    records = [_parse_record(line) for line in lines]
    kept = [index for index, record in enumerate(records) if record is not None]
    for start in range(0, len(kept), MAX_BATCH_ROWS):
        part = kept[start : start + MAX_BATCH_ROWS]
        faults = pa.array([_fault(records[index]) for index in part], pa.string())
        leaves = record_leaves(None if isinstance(records[index], str) else records[index] for index in part)
        numbers = np.array([first + index for index in part], np.int64)
        if faults.null_count == len(faults):
            yield RowBatch(numbers, leaves)
        else:
            may_hold = np.array([_fault(records[index]) and may_hold_samples(lines[index]) for index in part], bool)
            yield RowBatch(numbers, leaves, faults, may_hold)


def _fault(record: object) -> str | None:
    """Return what is wrong with a JSON line; None for a record."""
    return record if isinstance(record, str) else None
