"""Rows of Arrow files (Feather) and Arrow streams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import pyarrow as pa

from auditor.readers import ReadOptions
from auditor.readers.table.roles import column_roles
from auditor.readers.table.row_batch import RowBatch, slices

FILE_MAGIC = b"ARROW1"


def read_rows(file: BinaryIO, head: bytes, options: ReadOptions) -> Iterator[RowBatch]:
    """Yield the rows; the first bytes tell a file from a stream. Raises ArrowException, OSError and others."""
    stream = pa.PythonFile(file, mode="r")
    batches: Iterable[pa.RecordBatch]
    reader: Any
    if head.startswith(FILE_MAGIC):
        reader = pa.ipc.open_file(stream)
        batches = (reader.get_batch(index) for index in range(reader.num_record_batches))
    else:
        reader = pa.ipc.open_stream(stream)
        batches = reader
    roles = column_roles(reader.schema)
    names = list(roles.columns_to_read(options))
    first = 1
    if not roles.usable:
        yield RowBatch.empty(roles)
        return
    for batch in batches:
        cells = batch.select(names)
        cells.validate(full=True)  # offsets in the file may point anywhere
        yield from slices(cells if names else batch, first, roles)
        first += batch.num_rows
