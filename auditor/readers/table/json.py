"""Rows of JSON lines, of a JSON array of objects, and of a JSON object, which is one row."""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.json

from auditor.errors import Unreadable
from auditor.readers import ReadOptions
from auditor.readers.table.roles import ColumnRoles, column_roles
from auditor.readers.table.row_batch import MAX_BATCH_ROWS, RowBatch, no_cells
from auditor.syntax.json_stream import iter_json_records

BLOCK_BYTES = 1 << 23  # lines that are parsed at once
MAX_LINE_BYTES = 1 << 26
_ARRAY_CHUNK = 8192  # elements of an array that are parsed at once
# Of a block, the lines by which its columns are known: so many at its beginning, and the last one.
_SAMPLED_LINES, _SAMPLED_HEAD_BYTES, _SAMPLED_TAIL_BYTES = 200, 1 << 20, 1 << 14


def read_line_rows(stream: pa.NativeFile, options: ReadOptions) -> Iterator[RowBatch]:
    """Yield the rows of JSON lines in UTF-8; a line that is no object costs itself alone."""
    first = 1
    types: dict[str, pa.DataType] = {}
    for block in _line_blocks(stream):
        if block.is_too_long:
            faults = pa.array([f"the line is longer than {MAX_LINE_BYTES:,} bytes"])
            yield RowBatch(np.array([first], np.int64), no_cells(), _roles(types), faults)
            first += 1
            continue
        for name, kind in _types_of_block(block.data).items():
            types.setdefault(name, kind)
        roles = _roles(types)
        wanted = roles.columns_to_read(options)
        if not roles.usable:
            yield RowBatch.empty(roles)
        elif (table := _parse_regular(block, pa.schema([(name, types[name]) for name in wanted]))) is not None:
            for batch in table.to_batches(MAX_BATCH_ROWS):
                yield RowBatch(np.arange(first, first + batch.num_rows), batch, roles)
                first += batch.num_rows
            continue
        else:
            records = [_parse_record(line) for line in block.data.split(b"\n")[: block.lines]]
            yield from _record_rows(records, first, roles, wanted)
        first += block.lines


def read_array_rows(stream: pa.NativeFile, options: ReadOptions) -> Iterator[RowBatch]:
    """Yield the rows of a JSON array. Raises Unreadable where it breaks off, after the rows before that."""
    first = 1
    chunk: list[object] = []
    types: dict[str, pa.DataType] = {}

    def rows() -> Iterator[RowBatch]:
        for name, kind in _types(chunk).items():
            types.setdefault(name, kind)
        roles = _roles(types)
        if roles.usable:
            yield from _record_rows(chunk, first, roles, roles.columns_to_read(options))
        else:
            yield RowBatch.empty(roles)

    try:
        for _, item in iter_json_records(stream, ("",)):
            chunk.append(item if isinstance(item, dict) else "the element is not a JSON object")
            if len(chunk) == _ARRAY_CHUNK:
                yield from rows()
                first += len(chunk)
                chunk = []
    except Unreadable:
        if chunk:
            yield from rows()
        raise
    if chunk or first == 1:
        yield from rows()


def read_object_rows(stream: pa.NativeFile, options: ReadOptions) -> Iterator[RowBatch]:
    """Yield the one row that a JSON object is. Raises Unreadable."""
    record = _parse_record(stream.read(MAX_LINE_BYTES))
    if not isinstance(record, dict):
        raise Unreadable(str(record or "the file is empty").replace("the line", "the file"))
    roles = _roles(_types([record]))
    yield from _record_rows([record], 1, roles, roles.columns_to_read(options))


def first_keys(head: str) -> list[str]:
    """Return the keys of the object in the first line of a text; if it is cut off, what looks like its keys."""
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


def _parse_regular(block: _Block, schema: pa.Schema) -> pa.Table | None:
    """Return these columns of the lines by Arrow's parser; None if a line is unlike the others, or no column asked."""
    if not schema.names:
        return None
    try:
        table = pyarrow.json.read_json(
            io.BytesIO(block.data.removeprefix(codecs.BOM_UTF8)),
            pyarrow.json.ReadOptions(use_threads=False, block_size=len(block.data) + 1),
            pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        ).select(schema.names)
    except pa.ArrowException:
        return None
    return table if table.num_rows == block.lines else None


def _parse_record(line: bytes) -> object:
    """Return the object of a line, None for an empty line, or a text that says what is wrong with it."""
    line = line.removeprefix(codecs.BOM_UTF8).strip()
    if not line:
        return None
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        return "the line is not JSON" if isinstance(error, ValueError) else "the line's JSON is nested too deep"
    return record if isinstance(record, dict) else "the line is not a JSON object"


def _record_rows(
    records: Sequence[object], first: int, roles: ColumnRoles, wanted: Sequence[str]
) -> Iterator[RowBatch]:
    """Yield the rows of what :func:`_parse_record` returned, the first of which has the number ``first``."""
    kept = [(first + index, record) for index, record in enumerate(records) if record is not None]
    for start in range(0, len(kept), MAX_BATCH_ROWS):
        part = kept[start : start + MAX_BATCH_ROWS]
        objects = [record if isinstance(record, dict) else {} for _, record in part]
        arrays = [pa.array([_cell(record.get(name)) for record in objects], pa.string()) for name in wanted]
        faults = pa.array([record if isinstance(record, str) else None for _, record in part], pa.string())
        yield RowBatch(
            np.array([number for number, _ in part], np.int64),
            pa.RecordBatch.from_arrays(arrays, list(wanted)) if arrays else no_cells(),
            roles,
            faults if faults.null_count < len(faults) else None,
        )


def _cell(value: object) -> str | None:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _roles(types: dict[str, pa.DataType]) -> ColumnRoles:
    return column_roles(pa.schema(list(types.items())))


def _types_of_block(data: bytes) -> dict[str, pa.DataType]:
    """Return the keys of the first lines and of the last, with the type that their values have."""
    lines = data[:_SAMPLED_HEAD_BYTES].split(b"\n", _SAMPLED_LINES)[:_SAMPLED_LINES]
    lines += data[-_SAMPLED_TAIL_BYTES:].split(b"\n")[-2:-1]
    return _types(_parse_record(line) for line in lines)


def _types(records: Iterable[object]) -> dict[str, pa.DataType]:
    """Return the type of each key's values: text if any is text, else numbers; other values have none."""
    types: dict[str, pa.DataType] = {}
    for record in records:
        if isinstance(record, dict):
            for name, value in record.items():
                if isinstance(value, str):
                    types[name] = pa.string()
                elif isinstance(value, int) and not isinstance(value, bool):
                    types.setdefault(name, pa.int64())
                elif isinstance(value, float) and types.get(name) != pa.string():
                    types[name] = pa.float64()
    return types
