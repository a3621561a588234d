"""Batches of rows: what each file format yields, and what samples are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor.errors import Unreadable
from auditor.hashing.value_content import layout
from auditor.readers.table.arrow_types import is_text_type, to_text
from auditor.syntax.archive_members import FREE_BYTES, MAX_RATIO
from auditor.syntax.nested_columns import Leaf, leaves

MAX_BATCH_ROWS = 1 << 17
# Bytes of cells, mostly of images, in a batch.
MAX_BATCH_BYTES = 1 << 26
# A longer cell, or a column that claims to hold so much, is not read.
MAX_CELL_BYTES = 1 << 28
# The bits that no byte of ASCII has, in a word of eight.
_HIGH_BITS = np.uint64(0x8080808080808080)


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Some rows of a table.

    Attributes:
        numbers: The numbers of the rows in the file, from 1.
        leaves: The plain columns, at any depth; their rows are indexes of ``numbers``.
        faults: What is wrong with each row, null for nothing; None: nothing is wrong with any of them.
        may_hold: Which rows with faults may hold a sample, by their text; None: all of them.
        table: Which table of the file they belong to, for a file that holds several; "" for the only one.
    """

    numbers: NDArray[np.int64]
    leaves: tuple[Leaf, ...] = ()
    faults: pa.Array | None = None
    may_hold: NDArray[np.bool_] | None = None
    table: str = ""

    def keep(self, kept: NDArray[np.bool_]) -> RowBatch:
        """Return the batch with these rows alone."""
        index = np.cumsum(kept) - 1
        mask = pa.array(kept)

        def kept_values(leaf: Leaf) -> Leaf:
            values = kept[leaf.rows]
            return replace(leaf, values=leaf.values.filter(pa.array(values)), rows=index[leaf.rows[values]])

        return replace(
            self,
            numbers=self.numbers[kept],
            leaves=tuple(map(kept_values, self.leaves)),
            faults=None if self.faults is None else self.faults.filter(mask),
            may_hold=None if self.may_hold is None else self.may_hold[kept],
        )


class DecodedBytes:
    """Counts what the dictionaries of one file decode to, which may be without end: the file is not read further then.

    A dictionary of one long value and a million indices takes a few bytes.
    """

    def __init__(self, file_size: int) -> None:
        self._left = max(FREE_BYTES, MAX_RATIO * file_size)

    def take(self, size: int) -> None:
        """Count so many bytes more of a row batch. Raises Unreadable."""
        self._left -= size
        if self._left < 0:
            raise Unreadable("repeated values unfold to too many bytes for a file of this size")


def row_batches(cells: pa.RecordBatch, first: int, decoded: DecodedBytes | None = None) -> Iterator[RowBatch]:
    """Cut a record batch into batches that fit in memory. Text that is not UTF-8 is read as Latin-1.

    Args:
        cells: The columns.
        first: The number of the first row.
        decoded: Counts what dictionaries decode to.

    Raises:
        Unreadable: They decode to too much.
    """
    sizes = np.zeros(cells.num_rows, np.int64)
    for column in cells.columns:
        _add_decoded_sizes(column, np.arange(cells.num_rows), sizes)
    if decoded is not None:
        decoded.take(int(sizes.sum()))
    for start, stop in _cuts(sizes):
        part = cells.slice(start, stop - start)
        yield RowBatch(np.arange(first + start, first + stop), tuple(map(_with_valid_text, leaves(part))))


def _cuts(sizes: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) of row batches: one row, or at most MAX_BATCH_ROWS rows and MAX_BATCH_BYTES together."""
    start = 0
    edges = np.cumsum(sizes)
    while start < len(sizes):
        before = int(edges[start - 1]) if start else 0
        stop = int(np.searchsorted(edges, before + MAX_BATCH_BYTES, "right"))
        stop = min(max(stop, start + 1), start + MAX_BATCH_ROWS, len(sizes))
        yield start, stop
        start = stop


def _add_decoded_sizes(column: pa.Array, rows: NDArray[np.int64], sizes: NDArray[np.int64]) -> None:
    """Add to the size of each row of a batch the bytes of the dictionary values in it, at any depth."""
    kind = column.type
    if isinstance(column, pa.ExtensionArray):
        _add_decoded_sizes(column.storage, rows, sizes)
    elif pa.types.is_dictionary(kind):
        if (
            pa.types.is_large_binary(kind.value_type)
            or is_text_type(kind.value_type)
            or pa.types.is_binary(kind.value_type)
        ):
            lengths = pc.fill_null(pc.binary_length(column.dictionary), 0).cast(pa.int64())
            if len(lengths):
                found = pc.fill_null(lengths.take(column.indices), 0).to_numpy(zero_copy_only=False)
                np.add.at(sizes, rows, found)
    elif pa.types.is_struct(kind):
        for index in range(kind.num_fields):
            _add_decoded_sizes(column.field(index), rows, sizes)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        parents = pc.list_parent_indices(column).to_numpy(zero_copy_only=False)
        _add_decoded_sizes(pc.list_flatten(column), rows[parents], sizes)


def _with_valid_text(leaf: Leaf) -> Leaf:
    """Return a row batch's column with valid UTF-8; other text is read as Latin-1."""
    if not is_text_type(leaf.values.type):
        return leaf
    try:
        leaf.values.validate()
        if not _is_ascii(leaf.values):
            leaf.values.validate(full=True)
    except pa.ArrowInvalid:
        kind = pa.large_binary() if pa.types.is_large_string(leaf.values.type) else pa.binary()
        return replace(leaf, values=to_text(leaf.values.cast(kind)))
    return leaf


def _is_ascii(values: pa.Array) -> bool:
    """Return whether a row batch's texts are ASCII, in a fifth of the time in which UTF-8 is validated."""
    data, starts, lengths = layout(values)
    if not len(lengths) or lengths.min() < 0:
        return not len(lengths)
    used = data[starts[0] : starts[-1] + lengths[-1]]
    words = used[: len(used) // 8 * 8].view(np.uint64)
    return not (np.bitwise_or.reduce(words) & _HIGH_BITS or (used[len(words) * 8 :] > 0x7F).any())
