"""Replace strings by integer ids, so that graphs of millions of names fit in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ids = npt.NDArray[np.int64]


def assign_ids(column: pa.ChunkedArray[Any] | pa.Array) -> tuple[Ids, pa.Array]:
    """Return the integer id of every string, and the distinct strings in sorted order: an id is a position in them."""
    if isinstance(column, pa.Array):
        encoded = to_contiguous_array(column.dictionary_encode())
    else:
        encoded = to_contiguous_array(column.dictionary_encode().unify_dictionaries())
    values = encoded.dictionary
    order = pc.sort_indices(values).to_numpy()
    positions = np.empty(len(order), np.int64)
    positions[order] = np.arange(len(order))
    return positions[encoded.indices.to_numpy()], values.take(pa.array(order))


def to_contiguous_array(column: pa.ChunkedArray[Any] | pa.Array) -> pa.Array:
    """Return a column of strings as one contiguous array."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
