"""Rows of CSV files, of any delimiter and encoding, with or without a header; lists of addresses among them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from auditor.readers import ReadOptions
from auditor.readers.table.roles import ColumnRoles, column_roles, names_from_cells
from auditor.readers.table.row_batch import MAX_BATCH_ROWS, RowBatch, no_cells
from auditor.syntax.csv_stream import iter_csv_blocks, parse_csv_header

# Of a list of addresses, so many lines are looked at; a text of so many characters may end in half a line.
_URL_LIST_LINES = 20
_WHOLE_TEXT_CHARACTERS = 2000


def read_rows(stream: pa.NativeFile, head: str, options: ReadOptions) -> Iterator[RowBatch]:
    """Yield the rows of a stream in UTF-8; ``head`` is its beginning. Raises Unreadable, ArrowException, OSError."""
    header = parse_csv_header(head)
    names = list(header.cells)
    roles = _roles_of_texts(names)
    has_header = roles.usable
    if not has_header:
        names = names_from_cells(names)
        roles = _roles_of_texts(names)
    if not roles.usable:
        yield RowBatch.empty(roles)
        return
    wanted = roles.columns_to_read(options)
    is_empty = True
    for block in iter_csv_blocks(stream, header, [names.index(name) for name in wanted], has_header):
        if len(block.numbers):
            yield RowBatch(block.numbers, block.cells.rename_columns(list(wanted)) if wanted else block.cells, roles)
        for start in range(0, len(block.ragged), MAX_BATCH_ROWS):
            ragged = block.ragged[start : start + MAX_BATCH_ROWS]
            faults = pa.array([f"the row has {cells} cells, the header {len(names)}" for _, cells in ragged])
            yield RowBatch(np.array([number for number, _ in ragged], np.int64), no_cells(), roles, faults)
        is_empty = is_empty and not len(block.numbers) and not block.ragged
    if is_empty:
        yield RowBatch.empty(roles)


def _roles_of_texts(names: Sequence[str]) -> ColumnRoles:
    return column_roles(pa.schema([(name, pa.string()) for name in names]))


def is_url_list(head: str) -> bool:
    """Return whether a text begins with lines that are addresses and nothing else."""
    lines = head.lstrip("\ufeff").split("\n")[:_URL_LIST_LINES]
    lines = lines[:-1] if len(lines) > 1 and len(head) > _WHOLE_TEXT_CHARACTERS else lines
    lines = [line.strip() for line in lines if line.strip()]
    return bool(lines) and all(re.match(r"https?://\S+$", line) for line in lines)
