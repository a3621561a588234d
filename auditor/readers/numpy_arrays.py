"""Reads NumPy files (npy, npz): arrays of pixels picture by picture, and arrays of bytes and texts as tables.

Arrays of Python objects are pickles, which are never loaded.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterable, Iterator
from tokenize import TokenError
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.part_builders.array_contents import StoredArray, read_array
from auditor.part_builders.embedded_files import remainder_members
from auditor.part_builders.file_samples import MAX_DECODED_BYTES
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part, PartlyRead
from auditor.readers import ReaderExample, other_weights
from auditor.samples import Samples
from auditor.syntax.archive_members import ARCHIVE_ERRORS, Member, is_zip, read_members
from auditor.syntax.embedded_pictures import MIN_PICTURE_BYTES

READS_MEMBERS = True
UNREAD_GAP = "samples"

_MAGIC = b"\x93NUMPY"
_PICKLE = "an array of Python objects, which is a pickle: never loaded"
_COLUMNS_FIRST = "an array of more than 256 MiB with its first axis last: not read"
_TOO_LARGE = "a member of more than 256 MiB: not read"
_AFTER_END = "bytes after the end of an array: not read"
_MAX_HEADER = 1 << 16


def claims(blob: Blob, head: bytes) -> int:
    """Claim a NumPy array by its content, and an archive of arrays by its name too."""
    if head.startswith(_MAGIC):
        return 95
    return 95 if blob.suffix == ".npz" and is_zip(head) else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Samples | PartlyRead | Unread | Blob]:
    """Yield what each array of NumPy files holds."""
    for blob in blobs:
        last = ""
        if blob.kind == "model" and blob.suffix in other_weights.SUFFIXES:
            yield from other_weights.read([blob], options)
        try:
            with blob.open() as file:
                if file.read(len(_MAGIC)) == _MAGIC:
                    file.seek(0)
                    yield from _read_npy(
                        blob, blob.basename.removesuffix(".npy"), file, blob.size, options, is_file=True
                    )
                    continue
                file.seek(0)
                for member in read_members(file, blob.basename):
                    last = member.path
                    if member.problem:
                        yield PartlyRead(blob, last, member.problem)
                    else:
                        yield from _read_member(blob, member, options)
        except (Unreadable, *ARCHIVE_ERRORS) as error:
            why = " ".join(str(error).split())[:120] or type(error).__name__
            if last:
                yield PartlyRead(blob, f"the arrays after {last}", why)
            else:
                yield Unread(blob.uri, why, blob=blob)


def _read_member(blob: Blob, member: Member, options: ReadOptions) -> Iterator[Samples | PartlyRead | Blob]:
    """Yield what one member of a NumPy archive holds: an array, or another file; a damaged one is named as not read."""
    stream = _Peeked(member.stream)
    try:
        if stream.begins_with(_MAGIC):
            name = member.path.removesuffix(".npy")
            yield from _read_npy(blob, name, cast("BinaryIO", stream), member.size, options, is_file=False)
        elif member.size > MAX_DECODED_BYTES:
            yield PartlyRead(blob, member.path, _TOO_LARGE)
        else:
            yield blob.member(member.path, _read_fully(cast("BinaryIO", stream), member.size))
    except (Unreadable, *ARCHIVE_ERRORS) as error:
        yield PartlyRead(blob, member.path, f"a damaged array: {' '.join(str(error).split())[:100]}")


class _Peeked:
    """A stream of an archive's member that can only be read forwards, with its position."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._head, self._position = stream, stream.read(len(_MAGIC)), 0

    def begins_with(self, magic: bytes) -> bool:
        """Return whether the member of a NumPy archive begins with these bytes."""
        return self._head == magic

    def read(self, size: int = -1) -> bytes:
        data, self._head = (self._head[:size], self._head[size:]) if self._head else (self._stream.read(size), b"")
        self._position += len(data)
        return data

    def tell(self) -> int:
        return self._position


def _read_npy(
    blob: Blob, name: str, stream: BinaryIO, size: int, options: ReadOptions, *, is_file: bool
) -> Iterator[Samples | PartlyRead | Blob]:
    """Yield what a NumPy array of so many bytes holds. Raises Unreadable and what broken files make libraries raise."""
    shape, columns_first, dtype = _read_header(stream)
    header_bytes = stream.tell()
    if dtype.hasobject:
        yield PartlyRead(blob, name, _PICKLE)
        return
    shape = shape or (1,)
    columns_first = columns_first and len(shape) > 1
    array = StoredArray(name, dtype, shape, lambda rows: _batches(stream, dtype, shape, rows, columns_first))
    if columns_first and array.row_bytes * shape[0] > MAX_DECODED_BYTES:
        yield PartlyRead(blob, name, _COLUMNS_FIRST)
        return
    are_weights = blob.kind == "model"
    yield from read_array(blob, array, options.algorithms, options.variants, are_weights=are_weights)
    end = header_bytes + dtype.itemsize * math.prod(shape)
    if size - end >= MIN_PICTURE_BYTES and is_file:
        yield from remainder_members(blob, stream, [(end, size)])
    elif size - end >= MIN_PICTURE_BYTES:
        yield PartlyRead(blob, name, _AFTER_END)


def _read_header(stream: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return a NumPy array's shape, whether its first axis comes last, and its type. Raises Unreadable."""
    try:
        version = npy_format.read_magic(stream)
        read_header = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
        with warnings.catch_warnings(action="ignore"):  # Python has some for letters in a damaged header
            shape, columns_first, dtype = read_header(stream, max_header_size=_MAX_HEADER)
    # It is parsed as Python's literals, whose errors are many; those of the stream itself are others.
    except (ValueError, TypeError, SyntaxError, TokenError, RecursionError, LookupError) as error:
        raise Unreadable("the header of an array is damaged") from error
    if min(shape, default=0) < 0:
        raise Unreadable("the header of an array claims a length below zero")
    return shape, columns_first, dtype


def _batches(
    stream: BinaryIO, dtype: np.dtype[Any], shape: tuple[int, ...], rows: int, columns_first: bool
) -> Iterator[NDArray[Any]]:
    """Yield the rows of a NumPy array, so many at a time."""
    row_shape = shape[1:]
    row_bytes = dtype.itemsize * math.prod(row_shape)
    if columns_first:
        yield np.frombuffer(_read_fully(stream, row_bytes * shape[0]), dtype).reshape(shape, order="F")
        return
    for first in range(0, shape[0], rows):
        count = min(rows, shape[0] - first)
        yield np.frombuffer(_read_fully(stream, row_bytes * count), dtype).reshape(count, *row_shape)


def _read_fully(stream: BinaryIO, size: int) -> bytes:
    """Return exactly ``size`` bytes of a NumPy array's stream. Raises Unreadable if it ends before."""
    pieces: list[bytes] = []
    left = size
    while left and (piece := stream.read(min(left, 1 << 20))):
        pieces.append(piece)
        left -= len(piece)
    if left:
        raise Unreadable("it ends before its last row")
    return b"".join(pieces)


def _npy(array: NDArray[Any]) -> bytes:
    """Return an array as the bytes of a NumPy file."""
    out = io.BytesIO()
    npy_format.write_array(out, array)
    return out.getvalue()


_PICTURES = np.arange(2 * 16 * 16, dtype=np.uint8).reshape(2, 16, 16)
np.savez_compressed(_npz := io.BytesIO(), images=_PICTURES, labels=np.arange(2))
EXAMPLES: tuple[ReaderExample, ...] = (
    ReaderExample("pictures.npy", _npy(_PICTURES), columns=("pdq",), options=ReadOptions(frozenset({"pdq"}))),
    ReaderExample(
        "pictures.npz",
        _npz.getvalue(),
        columns=("pdq",),
        options=ReadOptions(frozenset({"pdq"})),
    ),
    ReaderExample("cut.npy", _npy(_PICTURES)[:300], unread="it ends", options=ReadOptions(frozenset({"pdq"}))),
)
