"""Read the columns and row counts in the footer of a Parquet file."""

from __future__ import annotations

from collections import Counter
from typing import BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from auditor.errors import Unreadable

# Values of so many bytes on average can be addresses, or digests in binary; pictures are longer.
MAX_DECLARED_TEXT, MAX_DECLARED_BYTES = 512, 144
_MAGIC = b"PAR1"
_TAIL_BYTES = 8
_MAX_FOOTER_BYTES = 256 << 20


def parquet_column_names(file: BinaryIO) -> list[str]:
    """Return a Parquet file's top-level columns. Raises ArrowException, OSError and others for a broken footer."""
    return list(pq.read_schema(pa.PythonFile(file, mode="r")).names)


def rows_before(metadata: pq.FileMetaData, groups: range) -> int:
    """Return how many rows of a Parquet file come before the first of these row groups."""
    return sum(metadata.row_group(group).num_rows for group in range(groups.start))


class ParquetColumn(NamedTuple):
    """A plain column of a Parquet file, at any depth, and what its values can be.

    Attributes:
        path: Its path, with dots.
        is_text: Whether its values are text.
        may_hold_samples: Whether its values can be pictures, digests or addresses.
        may_be_declared: Whether they are short enough to be digests or addresses, and so no pictures.
    """

    path: str
    is_text: bool
    may_hold_samples: bool
    may_be_declared: bool


def parquet_columns(metadata: pq.FileMetaData) -> list[ParquetColumn]:
    """Return the plain columns of a Parquet file, with what their values can be by type and mean length."""
    sizes: Counter[int] = Counter()
    values: Counter[int] = Counter()
    for group in range(metadata.num_row_groups):
        for index in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(index)
            sizes[index] += chunk.total_uncompressed_size
            values[index] += chunk.num_values
    found = []
    for index in range(metadata.num_columns):
        column = metadata.schema.column(index)
        is_text = column.physical_type == "BYTE_ARRAY" and column.logical_type.type in ("STRING", "ENUM", "JSON")
        is_fixed = column.physical_type == "FIXED_LEN_BYTE_ARRAY"
        is_bytes = column.physical_type == "BYTE_ARRAY" or is_fixed
        longest = MAX_DECLARED_TEXT if is_text else MAX_DECLARED_BYTES
        is_short = (column.length or 0) <= longest if is_fixed else sizes[index] <= longest * values[index]
        # Lists of bytes as numbers, and numbers in lists of lists, can be pictures.
        depth = column.max_repetition_level
        may_hold = is_bytes or depth > 1 or (depth == 1 and column.converted_type == "UINT_8")
        found.append(ParquetColumn(column.path, is_text, may_hold, is_bytes and is_short))
    return found


def read_footer(file: BinaryIO, size: int) -> pq.FileMetaData:
    """Return the footer of a Parquet file, and read no byte beside it.

    Raises:
        Unreadable: It has none.
        ArrowException, OSError: It cannot be read.
    """
    file.seek(max(0, size - _TAIL_BYTES))
    tail = file.read(_TAIL_BYTES)
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != _MAGIC or length + _TAIL_BYTES > size or length > _MAX_FOOTER_BYTES:
        raise Unreadable("a Parquet file without its footer, or with one that is too large")
    file.seek(size - _TAIL_BYTES - length)
    return pq.read_metadata(pa.BufferReader(_MAGIC + file.read(length) + tail))
