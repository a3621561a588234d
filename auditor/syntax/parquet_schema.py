"""Read the columns and row counts in the footer of a Parquet file."""

from __future__ import annotations

from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq


def parquet_column_names(file: BinaryIO) -> list[str]:
    """Return a Parquet file's top-level columns. Raises ArrowException, OSError and others for a broken footer."""
    return list(pq.read_schema(pa.PythonFile(file, mode="r")).names)


def rows_before(metadata: pq.FileMetaData, groups: range) -> int:
    """Return how many rows of a Parquet file come before the first of these row groups."""
    return sum(metadata.row_group(group).num_rows for group in range(groups.start))
