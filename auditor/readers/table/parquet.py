"""Rows of Parquet files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from auditor.errors import Unreadable
from auditor.readers import ReadOptions
from auditor.readers.table.roles import column_roles
from auditor.readers.table.row_batch import MAX_BATCH_ROWS, MAX_CELL_BYTES, RowBatch, slices
from auditor.sources import Blob
from auditor.syntax.parquet_schema import rows_before

# Bytes of cells, mostly of images, in a batch.
MAX_BATCH_BYTES = 1 << 26
# No image or text is packed so well; what claims to be is made to fill the memory.
MAX_COMPRESSION = 1000


def read_rows(file: BinaryIO, blob: Blob, options: ReadOptions) -> Iterator[RowBatch]:
    """Yield the rows of the file's partition. Raises Unreadable, ArrowException, OSError and others."""
    table = pq.ParquetFile(pa.PythonFile(file, mode="r"))
    roles = column_roles(table.schema_arrow)
    names = roles.columns_to_read(options)
    if not roles.usable or not table.metadata.num_rows:
        yield RowBatch.empty(roles)
        return
    groups = blob.partition_range(table.metadata.num_row_groups)
    first = 1 + rows_before(table.metadata, groups)
    for group in groups:
        rows = _rows_per_batch(table, group, names)
        for batch in table.iter_batches(rows, [group], list(names), use_threads=False):
            yield from slices(batch, first, roles)
            first += batch.num_rows


def _rows_per_batch(table: pq.ParquetFile, group: int, names: Sequence[str]) -> int:
    """Return how many rows a batch may have for its cells to fit in memory. Raises Unreadable for absurd sizes."""
    row_group = table.metadata.row_group(group)
    size = 0
    for index in range(row_group.num_columns):
        column = row_group.column(index)
        if column.path_in_schema.split(".")[0] in names:
            unpacked, packed = column.total_uncompressed_size, max(1, column.total_compressed_size)
            size += unpacked
            if unpacked > MAX_CELL_BYTES and unpacked // packed > MAX_COMPRESSION:
                raise Unreadable(
                    f"column {index + 1} of row group {group + 1} claims to unpack {packed:,} bytes to {unpacked:,}"
                )
    bytes_per_row = max(1, size // max(1, row_group.num_rows))
    return max(1, min(MAX_BATCH_ROWS, MAX_BATCH_BYTES // bytes_per_row))
