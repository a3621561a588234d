"""Rows of Arrow files (Feather), Arrow streams and ORC files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.orc

from auditor.errors import Unreadable
from auditor.readers.table.columns import columns_to_read
from auditor.readers.table.row_batch import DecodedBytes, RowBatch, row_batches

FILE_MAGIC = b"ARROW1"
FEATHER_1_MAGIC = b"FEA1"
# Damaged files make pyarrow's parser read outside its memory.
FEATHER_1 = "a Feather file of version 1, which cannot be read safely: write it anew as version 2"
ORC_MAGIC = b"ORC"
# A stripe is read at once. Writers make stripes of some 64 MiB; one of so many rows is made to fill the memory.
MAX_STRIPE_ROWS = 1 << 24


def read_rows(file: BinaryIO, head: bytes, size: int) -> Iterator[RowBatch]:
    """Yield the rows of an Arrow or ORC file. Raises Unreadable, ArrowException, OSError and others.

    Args:
        file: The file, at its first byte.
        head: Its first bytes, which tell the format.
        size: Its length in bytes.
    """
    stream = pa.PythonFile(file, mode="r")
    batches: Iterable[pa.RecordBatch]
    reader: Any
    if head.startswith(FILE_MAGIC):
        reader = pa.ipc.open_file(stream)
        batches = (reader.get_batch(index) for index in range(reader.num_record_batches))
    elif head.startswith(FEATHER_1_MAGIC):
        raise Unreadable(FEATHER_1)
    elif head.startswith(ORC_MAGIC):
        batches = _orc_stripes(pyarrow.orc.ORCFile(stream))
    else:
        batches = pa.ipc.open_stream(stream)
    decoded = DecodedBytes(size)
    first = 1
    for batch in batches:
        cells = batch.select(columns_to_read(batch.schema))
        cells.validate(full=True)  # offsets in the file may point anywhere
        if cells.num_columns:
            yield from row_batches(cells, first, decoded)
        else:
            yield RowBatch(np.arange(first, first + min(1, batch.num_rows)))
        first += batch.num_rows


def _orc_stripes(file: pyarrow.orc.ORCFile) -> Iterator[pa.RecordBatch]:
    """Yield the stripes of an ORC file. Raises Unreadable if one claims too many rows."""
    if file.nrows > MAX_STRIPE_ROWS * max(1, file.nstripes):
        raise Unreadable(f"a stripe claims more than {MAX_STRIPE_ROWS:,} rows")
    for index in range(file.nstripes):
        yield file.read_stripe(index)
