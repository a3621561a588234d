"""Questions about Arrow types, and conversions of cells to text and whole numbers."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def is_text_type(kind: pa.DataType) -> bool:
    """Return whether an Arrow type is one of text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def is_bytes_type(kind: pa.DataType) -> bool:
    """Return whether an Arrow type is one of bytes, of a fixed or any length."""
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))


def type_may_hold_samples(kind: pa.DataType) -> bool:
    """Return whether values of this Arrow type can be pictures, digests or addresses, at any depth.

    Numbers, times and vectors of numbers cannot; lists of lists of numbers, and lists of bytes, may be pictures.
    """
    if isinstance(kind, pa.BaseExtensionType):
        return isinstance(kind, pa.FixedShapeTensorType) or type_may_hold_samples(kind.storage_type)
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return type_may_hold_samples(kind.value_type)
    if pa.types.is_map(kind):
        return type_may_hold_samples(kind.key_type) or type_may_hold_samples(kind.item_type)
    if pa.types.is_struct(kind):
        return any(type_may_hold_samples(kind.field(index).type) for index in range(kind.num_fields))
    if is_list_type(kind):
        inner = kind.field(0).type
        return is_list_type(inner) or is_byte_list_type(kind) or type_may_hold_samples(inner)
    # A column of nulls may stand for pictures that are elsewhere; a union is named as a column that is not read.
    is_view = pa.types.is_string_view(kind) or pa.types.is_binary_view(kind)
    return (
        is_text_type(kind) or is_bytes_type(kind) or is_view or pa.types.is_null(kind) or bool(pa.types.is_nested(kind))
    )


def is_list_type(kind: pa.DataType) -> bool:
    """Return whether an Arrow type is one of lists, in any of Arrow's layouts."""
    return bool(
        pa.types.is_list(kind)
        or pa.types.is_large_list(kind)
        or pa.types.is_fixed_size_list(kind)
        or pa.types.is_list_view(kind)
        or pa.types.is_large_list_view(kind)
    )


def is_byte_list_type(kind: pa.DataType) -> bool:
    """Return whether an Arrow type is one of lists of bytes, as numbers of 8 bits without sign."""
    return is_list_type(kind) and bool(pa.types.is_uint8(kind.field(0).type))


def is_number_list_type(kind: pa.DataType) -> bool:
    """Return whether an Arrow type is one of lists of numbers."""
    if not is_list_type(kind):
        return False
    inner = kind.field(0).type
    return bool(pa.types.is_integer(inner) or pa.types.is_floating(inner))


def to_text(cells: pa.Array) -> pa.Array:
    """Return an Arrow column as valid UTF-8; other bytes are read as Latin-1, empty cells are null."""
    try:
        text = cells.cast(pa.string())
    except pa.ArrowInvalid:
        text = pa.array([_decoded(cell) for cell in cells.to_pylist()], pa.string())
    empty = pc.equal(pc.binary_length(text), 0)
    return pc.if_else(empty, pa.scalar(None, pa.string()), text) if pc.any(empty).as_py() else text


def _decoded(cell: bytes | None) -> str | None:
    """Return the bytes of an Arrow cell as text: UTF-8, else Latin-1."""
    if cell is None:
        return None
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return cell.decode("latin-1")


def to_whole_numbers(cells: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return an Arrow column as whole numbers; what is no number of at most four digits is null."""
    if is_text_type(cells.type) or is_bytes_type(cells.type):
        text = to_text(cells)
        number = pc.match_substring_regex(text, r"^\d{1,4}(\.0+)?$")
        cells = pc.if_else(number, text, pa.scalar(None, pa.string())).cast(pa.float64())
    return pc.round(cells).cast(kind, safe=False)
