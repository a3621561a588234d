"""Batches of rows: what each file format yields, and what samples are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from auditor.readers.table.roles import ColumnRoles

MAX_BATCH_ROWS = 1 << 17
# A longer cell, or a column that claims to hold so much, is not read.
MAX_CELL_BYTES = 1 << 28


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Some rows of a table.

    Attributes:
        numbers: The numbers of the rows in the file, from 1.
        cells: The columns that were asked for, as long as ``numbers``; without columns, rows are only counted.
        roles: What the columns of the table hold.
        faults: What is wrong with each row, null for nothing; None: nothing is wrong with any of them.
    """

    numbers: NDArray[np.int64]
    cells: pa.RecordBatch
    roles: ColumnRoles
    faults: pa.Array | None = None

    @classmethod
    def empty(cls, roles: ColumnRoles) -> RowBatch:
        """Return a batch without rows, which says what the columns of a table hold."""
        return cls(np.zeros(0, np.int64), no_cells(), roles)


def no_cells() -> pa.RecordBatch:
    """Return a record batch without columns."""
    return pa.RecordBatch.from_arrays([], schema=pa.schema([]))


def slices(cells: pa.RecordBatch, first: int, roles: ColumnRoles) -> Iterator[RowBatch]:
    """Cut a record batch whose first row has the number ``first`` into batches of :data:`MAX_BATCH_ROWS`."""
    for start in range(0, cells.num_rows, MAX_BATCH_ROWS):
        part = cells.slice(start, MAX_BATCH_ROWS)
        yield RowBatch(np.arange(first + start, first + start + part.num_rows), part, roles)
