"""The values of one column of a table, by which the rows of a sampled audit are told apart."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from auditor.blob import Blob
from auditor.errors import Unreadable
from auditor.part_builders.read_options import ReadOptions
from auditor.readers import HEAD_BYTES
from auditor.readers.table.arrow_types import is_text_type
from auditor.readers.table.format_detection import READ_ERRORS, format_suffix, is_parquet
from auditor.readers.table.read_tables import read_rows
from auditor.readers.table.row_batch import MAX_BATCH_ROWS
from auditor.syntax.nested_columns import leaves
from auditor.syntax.parquet_schema import rows_before


def read_column(blob: Blob, column: str, options: ReadOptions) -> Iterator[tuple[NDArray[np.int64], pa.Array]]:
    """Yield the rows of a table, by their numbers from 1, and the values of a column in them; nulls are left out.

    What of the table cannot be read is passed over: its rows are of no stratum.

    Args:
        blob: The table.
        column: The column's name, or its path (``score.unsafe``).
        options: What the run reads.
    """
    try:
        for numbers, values in _read_column(blob, column, options):
            kept = values.is_valid()
            yield numbers[kept.to_numpy(zero_copy_only=False)], values.filter(kept)
    except (Unreadable, *READ_ERRORS):
        return


def _read_column(blob: Blob, column: str, options: ReadOptions) -> Iterator[tuple[NDArray[np.int64], pa.Array]]:
    """Yield the rows and values of a table's column, nulls too. Raises Unreadable and what libraries raise."""
    suffix, _ = format_suffix(blob)
    if is_parquet(suffix, blob.read(HEAD_BYTES)):
        with blob.open() as file:
            table = pq.ParquetFile(pa.PythonFile(file, mode="r"))
            groups = blob.partition_range(table.metadata.num_row_groups)
            first = 1 + rows_before(table.metadata, groups)
            outer = column if column in table.schema_arrow.names else column.partition(".")[0]
            if outer not in table.schema_arrow.names:
                return
            for batch in table.iter_batches(MAX_BATCH_ROWS, list(groups), [outer], use_threads=False):
                for leaf in leaves(batch):
                    if leaf.path == column:
                        yield first + leaf.rows, leaf.values
                first += batch.num_rows
        return
    for rows in read_rows(blob, options):
        for leaf in rows.leaves:
            if leaf.path == column and not leaf.problem:
                yield rows.numbers[leaf.rows], leaf.values


def as_numbers(values: pa.Array) -> NDArray[np.float64] | None:
    """Return a column's values as numbers, NaN for what is none; None if they are no numbers."""
    if pa.types.is_boolean(values.type):
        return None
    if is_text_type(values.type):
        try:
            return values.cast(pa.float64()).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]
        except pa.ArrowInvalid:
            return None
    is_number = (
        pa.types.is_integer(values.type) or pa.types.is_floating(values.type) or pa.types.is_decimal(values.type)
    )
    # Bands need no more digits than a float has, so integers beyond 2^53 are rounded.
    return values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False) if is_number else None
