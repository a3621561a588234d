"""Rows of Parquet files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from auditor.blob import Blob
from auditor.drawn_sample import NO_STRATUM, DrawnSample, row_keys
from auditor.errors import Unreadable
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import PartlyRead
from auditor.readers.table.columns import columns_to_read
from auditor.readers.table.row_batch import (
    MAX_BATCH_BYTES,
    MAX_BATCH_ROWS,
    MAX_CELL_BYTES,
    DecodedBytes,
    RowBatch,
    row_batches,
)
from auditor.readers.table.row_samples import ASKABLE, HASHED_ALGORITHMS
from auditor.remote_file import NOT_FETCHED
from auditor.syntax.parquet_schema import parquet_columns, read_footer, rows_before

# No image or text is packed so well; what claims to be is made to fill the memory.
MAX_COMPRESSION = 1000
# A file of nothing but a footer has its length and two magics around it.
_FRAME_BYTES = 12
_SUMMARY_NAMES = frozenset({"_metadata", "_common_metadata"})
# Where no list asks for anything, so many rows tell whether the table's rows are samples; the others are counted.
_ROWS_TO_COUNT_BY = 1000
# Values that take fewer bytes in the file are repeated ones: they are read as a dictionary and its indices.
_BYTES_OF_REPEATED_VALUE = 8
_BYTES_OF_NUMBER = 8


def is_summary(file: BinaryIO, blob: Blob) -> bool:
    """Return whether a Parquet file holds other files' footers and no rows. Raises ArrowException, OSError."""
    if blob.basename not in _SUMMARY_NAMES or blob.remote:
        return False
    return blob.size <= pq.read_metadata(pa.PythonFile(file, mode="r")).serialized_size + _FRAME_BYTES


def read_rows(file: BinaryIO, blob: Blob, options: ReadOptions) -> Iterator[RowBatch]:
    """Yield the rows of a Parquet file's partition. Raises Unreadable, ArrowException, OSError and others."""
    is_cut = blob.remote is not None and blob.remote.is_declared_parquet
    metadata = read_footer(file, blob.size) if is_cut else None
    table = pq.ParquetFile(pa.PythonFile(file, mode="r"), metadata=metadata)
    if metadata is not None:
        names = [column.path for column in parquet_columns(metadata) if column.may_be_declared]
    else:
        schema = table.schema_arrow
        names = [schema.names[index] for index in columns_to_read(schema)]
    if not names:
        yield RowBatch(np.arange(1, 1 + min(1, table.metadata.num_rows)))
        return
    repeated = _repeated_columns(table.metadata)
    if repeated:
        table = pq.ParquetFile(pa.PythonFile(file, mode="r"), metadata=metadata, read_dictionary=repeated)
    decoded = DecodedBytes(blob.size)
    groups = blob.partition_range(table.metadata.num_row_groups)
    first = 1 + rows_before(table.metadata, groups)
    asks_nothing = options.algorithms.isdisjoint(ASKABLE)
    for group in groups:
        if options.drawn is not None:
            number = table.metadata.row_group(group).num_rows
            if not _is_any_drawn(options.drawn, blob, first, first + number):
                first += number
                continue
        rows = _rows_per_batch(table, group, names)
        if asks_nothing:
            batch = next(table.iter_batches(min(rows, _ROWS_TO_COUNT_BY), [group], names, use_threads=False), None)
            if batch is not None:
                yield from row_batches(batch, first, decoded)
                last = first + table.metadata.row_group(group).num_rows
                yield from _counted_rows(first + batch.num_rows, last)
                first = last
            continue
        for batch in table.iter_batches(rows, [group], names, use_threads=False):
            yield from row_batches(batch, first, decoded)
            first += batch.num_rows


def _is_any_drawn(drawn: DrawnSample, blob: Blob, first: int, last: int) -> bool:
    """Return whether any row of a Parquet file, from ``first`` to the one before ``last``, is in the sample."""
    starts = range(first, last, MAX_BATCH_ROWS)
    numbers = (np.arange(start, min(start + MAX_BATCH_ROWS, last)) for start in starts)
    return any(bool((drawn.strata_of(row_keys(blob.uri, rows)) != NO_STRATUM).any()) for rows in numbers)


def columns_left_out(blob: Blob, options: ReadOptions) -> Iterator[PartlyRead]:
    """Yield the columns of a hub's Parquet file that are not fetched and could answer a list. Raises as the reading."""
    if not blob.remote or not blob.remote.is_declared_parquet or blob.partition[0]:
        return
    with blob.open() as file:
        columns = parquet_columns(read_footer(file, blob.size))
    asks_of_bytes = not HASHED_ALGORITHMS.isdisjoint(options.algorithms)
    for column in columns:
        if column.may_hold_samples and not column.may_be_declared and (asks_of_bytes or column.is_text):
            yield PartlyRead(blob, column.path, NOT_FETCHED)


def _counted_rows(first: int, last: int) -> Iterator[RowBatch]:
    """Yield batches of a Parquet file's row numbers, without columns."""
    for start in range(first, last, MAX_BATCH_ROWS):
        yield RowBatch(np.arange(start, min(start + MAX_BATCH_ROWS, last)))


def _repeated_columns(metadata: pq.FileMetaData) -> list[str]:
    """Return the paths of Parquet columns of text or bytes whose values are few, and repeated."""
    values: dict[str, int] = {}
    sizes: dict[str, int] = {}
    for group in range(metadata.num_row_groups):
        for index in range(metadata.num_columns):
            column = metadata.row_group(group).column(index)
            if column.physical_type == "BYTE_ARRAY" and column.has_dictionary_page:
                path = column.path_in_schema
                values[path] = values.get(path, 0) + column.num_values
                sizes[path] = sizes.get(path, 0) + column.total_uncompressed_size
    return [path for path, number in values.items() if sizes[path] < _BYTES_OF_REPEATED_VALUE * number]


def _rows_per_batch(table: pq.ParquetFile, group: int, names: Sequence[str]) -> int:
    """Return how many Parquet rows a batch may have to fit in memory. Raises Unreadable for absurd sizes."""
    row_group = table.metadata.row_group(group)
    size = 0
    for index in range(row_group.num_columns):
        column = row_group.column(index)
        path = column.path_in_schema
        if not any(path == name or path.startswith(f"{name}.") for name in names):
            continue
        # A run of equal values takes a few bytes; numbers are unpacked to some bytes each.
        wide = _BYTES_OF_NUMBER if column.physical_type != "BYTE_ARRAY" else 1
        unpacked = max(column.total_uncompressed_size, wide * column.num_values)
        packed = max(1, column.total_compressed_size)
        size += unpacked
        if unpacked > MAX_CELL_BYTES and unpacked // packed > MAX_COMPRESSION:
            raise Unreadable(
                f"column {index + 1} of row group {group + 1} claims to unpack {packed:,} bytes to {unpacked:,}"
            )
    bytes_per_row = max(1, size // max(1, row_group.num_rows))
    return max(1, min(MAX_BATCH_ROWS, MAX_BATCH_BYTES // bytes_per_row))
