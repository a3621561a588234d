"""Rows of CSV files, of any delimiter and encoding, with or without a header; lists of addresses among them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from auditor.hashing.value_content import value_content
from auditor.readers.table.arrow_types import to_text
from auditor.readers.table.row_batch import MAX_BATCH_ROWS, RowBatch, row_batches
from auditor.syntax.csv_stream import iter_csv_blocks, parse_csv_header

# Of a list of addresses, so many lines are looked at; a text of so many characters may end in half a line.
_URL_LIST_LINES = 20
_WHOLE_TEXT_CHARACTERS = 2000


def read_rows(stream: pa.NativeFile, head: str) -> Iterator[RowBatch]:
    """Yield the rows of a CSV stream in UTF-8; ``head`` is its start. Raises Unreadable, ArrowException, OSError."""
    header = parse_csv_header(head)
    names = list(header.cells) or [""]
    has_header = not _hold_samples(names)
    if not has_header:
        names = [f"column {number}" for number in range(1, len(names) + 1)]
    for block in iter_csv_blocks(stream, header, range(len(names)), has_header):
        if len(block.numbers):
            cells = pa.RecordBatch.from_arrays([to_text(column) for column in block.cells.columns], names)
            for batch in row_batches(cells, 1):
                yield RowBatch(block.numbers[batch.numbers - 1], batch.leaves)
        for start in range(0, len(block.ragged), MAX_BATCH_ROWS):
            ragged = block.ragged[start : start + MAX_BATCH_ROWS]
            faults = pa.array([f"the row has {cells} cells, the header {len(names)}" for _, cells in ragged])
            suspects = np.array(block.ragged_may_hold[start : start + MAX_BATCH_ROWS], bool)
            yield RowBatch(np.array([number for number, _ in ragged], np.int64), (), faults, suspects)


def _hold_samples(cells: list[str]) -> bool:
    """Return whether a CSV's first row is digests, addresses or pictures, and no names of columns."""
    found = value_content(pa.array(cells, pa.string()))
    return bool(len(found.urls) or len(found.base64) or found.digests)


def is_url_list(head: str) -> bool:
    """Return whether a CSV's text begins with lines that are addresses and nothing else."""
    lines = head.lstrip("\ufeff").split("\n")[:_URL_LIST_LINES]
    lines = lines[:-1] if len(lines) > 1 and len(head) > _WHOLE_TEXT_CHARACTERS else lines
    lines = [line.strip() for line in lines if line.strip()]
    return bool(lines) and all(re.match(r"https?://\S+$", line) for line in lines)
