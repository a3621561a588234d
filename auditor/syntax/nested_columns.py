"""Find the plain columns inside a nested Arrow column, each with the rows that its values belong to.

A table may keep a picture, a digest or an address at any depth of structs, lists and maps. Every reader of tables sees
such a column as a number of plain ones, and a type that cannot be taken apart is named, never passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

# Deeper nesting than this is not taken apart. Real tables have two or three levels.
MAX_DEPTH = 32


@dataclass(frozen=True, slots=True)
class Leaf:
    """A plain column: text, bytes, numbers, times, or an array of numbers in each row.

    Args:
        path: the names that lead to it, such as ``image.bytes`` or ``images[].bytes``; ``[]`` stands for a list's
            values, ``{}`` for a map's.
        values: of a type without structs and maps. Lists only of numbers: they may be pixels.
        rows: the batch's row, from 0, to which each value belongs (int64, as long as ``values``).
        problem: why the column cannot be taken apart; "" where it can. ``values`` are nulls then.
    """

    path: str
    values: pa.Array
    rows: NDArray[np.int64]
    problem: str = ""


def leaves(batch: pa.RecordBatch) -> Iterator[Leaf]:
    """Yield every plain column of a batch, those inside its nested columns included, in the columns' order."""
    rows = np.arange(batch.num_rows, dtype=np.int64)
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        yield from _leaves(name, column, rows, 0)


def leaf_paths(schema: pa.Schema) -> tuple[str, ...]:
    """Return the paths of the plain and nested columns that :func:`leaves` yields for batches of this schema."""
    return tuple(leaf.path for leaf in leaves(pa.RecordBatch.from_pylist([], schema)))


def _leaves(path: str, column: pa.Array, rows: NDArray[np.int64], depth: int) -> Iterator[Leaf]:
    """Yield the plain columns inside an Arrow column, down to MAX_DEPTH levels."""
    kind = column.type
    if depth == MAX_DEPTH:
        yield Leaf(path, pa.nulls(len(rows)), rows, f"nested deeper than {MAX_DEPTH} levels")
    elif isinstance(column, pa.ExtensionArray):
        yield from _leaves(path, _nested_tensor(column), rows, depth)
    elif pa.types.is_dictionary(kind):
        yield from _leaves(path, column.dictionary_decode(), rows, depth)
    elif pa.types.is_run_end_encoded(kind):
        yield from _leaves(path, pc.run_end_decode(column), rows, depth)
    elif pa.types.is_struct(kind):
        for index in range(kind.num_fields):
            # Unlike StructArray.field, this keeps the struct's own nulls.
            child = pc.struct_field(column, indices=[index])
            yield from _leaves(f"{path}.{kind.field(index).name}", child, rows, depth + 1)
    elif pa.types.is_map(kind):
        pairs = pa.list_(pa.struct([("key", kind.key_type), ("value", kind.item_type)]))
        values, within = _flatten(column.cast(pairs), rows)
        yield from _leaves(f"{path}{{}}.key", pc.struct_field(values, indices=[0]), within, depth + 1)
        yield from _leaves(f"{path}{{}}", pc.struct_field(values, indices=[1]), within, depth + 1)
    elif _is_list(kind):
        if _holds_numbers(kind.value_type):
            yield Leaf(path, column, rows)
        else:
            values, within = _flatten(column, rows)
            yield from _leaves(f"{path}[]", values, within, depth + 1)
    elif pa.types.is_nested(kind):  # unions
        yield Leaf(path, pa.nulls(len(rows)), rows, f"a column of the type {kind}")
    elif pa.types.is_string_view(kind):
        yield Leaf(path, column.cast(pa.large_string()), rows)
    elif pa.types.is_binary_view(kind):
        yield Leaf(path, column.cast(pa.large_binary()), rows)
    else:
        yield Leaf(path, column, rows)


def _nested_tensor(column: pa.ExtensionArray) -> pa.Array:
    """Return the storage of a column's extension type; of a tensor as nested lists, by its shape."""
    storage = column.storage
    if not isinstance(column.type, pa.FixedShapeTensorType) or len(column.type.shape) < 2:
        return storage
    values = storage.flatten() if not storage.null_count else storage.values[storage.offset * storage.type.list_size :]
    for side in column.type.shape[:0:-1]:
        values = pa.FixedSizeListArray.from_arrays(values, side)
    validity = storage.is_null() if storage.null_count else None
    return pa.FixedSizeListArray.from_arrays(
        values[: len(storage) * column.type.shape[0]], column.type.shape[0], mask=validity
    )


def _flatten(column: pa.Array, rows: NDArray[np.int64]) -> tuple[pa.Array, NDArray[np.int64]]:
    """Return the values of a nested list column, and the row of each."""
    parents = pc.list_parent_indices(column).to_numpy(zero_copy_only=False)
    return pc.list_flatten(column), rows[parents]


def _is_list(kind: pa.DataType) -> bool:
    """Return whether an Arrow type is a nested column's list of any kind."""
    return bool(
        pa.types.is_list(kind)
        or pa.types.is_large_list(kind)
        or pa.types.is_fixed_size_list(kind)
        or pa.types.is_list_view(kind)
        or pa.types.is_large_list_view(kind)
    )


def _holds_numbers(kind: pa.DataType) -> bool:
    """Return whether a nested column's list has values that are numbers, or lists of numbers."""
    while _is_list(kind):
        kind = kind.field(0).type
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))
