"""Chooses the columns of a table that are read: all that can hold a sample, and those that name it."""

from __future__ import annotations

import pyarrow as pa

from auditor.hashing.digest_parsing import algorithm_from_column_name
from auditor.readers.table.arrow_types import is_list_type, type_may_hold_samples
from auditor.readers.table.row_samples import is_helper_column


def columns_to_read(schema: pa.Schema) -> list[int]:
    """Return the indexes of the outermost columns that are read: numbers, times and vectors cannot hold a sample."""
    return [index for index, field in enumerate(schema) if _is_read(field)]


def _is_read(field: pa.Field[pa.DataType]) -> bool:
    """Return whether a column of a table is read."""
    if type_may_hold_samples(field.type):
        return True
    # Numbers under the name of a digest are named as a column that is not read.
    return not is_list_type(field.type) and (
        is_helper_column(field.name) or bool(algorithm_from_column_name(field.name))
    )
