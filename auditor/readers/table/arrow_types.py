"""Questions about Arrow types, and conversions of cells to text and whole numbers."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def is_text(kind: pa.DataType) -> bool:
    """Return whether it is a type of text, also of one that is encoded by a dictionary."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def is_bytes(kind: pa.DataType) -> bool:
    """Return whether it is a type of bytes, of a fixed or any length."""
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
        or pa.types.is_binary_view(kind)
    )


def to_text(cells: pa.Array) -> pa.Array:
    """Return a column as valid UTF-8; bytes that are not UTF-8 are read as Latin-1, empty cells are null."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    try:
        text = cells.cast(pa.string())
    except pa.ArrowInvalid:
        text = pa.array([_decoded(cell) for cell in cells.to_pylist()], pa.string())
    empty = pc.equal(pc.binary_length(text), 0)
    return pc.if_else(empty, pa.scalar(None, pa.string()), text) if pc.any(empty).as_py() else text


def _decoded(cell: bytes | None) -> str | None:
    if cell is None:
        return None
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return cell.decode("latin-1")


def to_whole_numbers(cells: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return a column as whole numbers of this type; what is no number of at most four digits is null."""
    if is_text(cells.type) or is_bytes(cells.type):
        text = to_text(cells)
        number = pc.match_substring_regex(text, r"^\d{1,4}(\.0+)?$")
        cells = pc.if_else(number, text, pa.scalar(None, pa.string())).cast(pa.float64())
    return pc.round(cells).cast(kind, safe=False)
