"""Build samples and members of the pictures, texts and bytes in arrays, as NumPy and HDF5 files hold them.

An array of pixels is hashed picture by picture. Bytes and texts become tables in memory, for the reader of tables.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from auditor.blob import Blob
from auditor.hashing.hash_images import DECODING_ALGORITHMS, PixelImage, hash_images
from auditor.hashing.value_content import HEAD_BYTES, value_content
from auditor.part_builders.file_samples import MAX_DECODED_BYTES
from auditor.parts import PartlyRead
from auditor.samples import COMPUTED_ALGORITHMS, Samples, build_sample_batch
from auditor.syntax.archive_members import compression_of, is_zip
from auditor.syntax.image_magic import is_image

# Bytes of an array that are read at once, and of values in one table.
BATCH_BYTES = 64 << 20
MIN_SIDE = 16
# A longer plane is a table of numbers.
MAX_ASPECT = 20
_CHANNELS = (1, 3, 4)
_BATCH_PICTURES = 256
_TOO_LARGE_ROW = "one row of it has more than 256 MiB: not read"
_NO_FILES = "an array of decoded pictures: it has no digests of files, and no perceptual list was loaded"
_FLAT = "numbers that can be pictures, one flattened to a row: not read"
# The shortest row that is taken for a flattened picture: 28 x 28.
_MIN_FLAT = 784


@dataclass(frozen=True, slots=True)
class StoredArray:
    """An array in a file.

    Attributes:
        path: Its name in the file.
        dtype: Its type.
        shape: Its lengths.
        batches: Yields the rows of its first axis in order, a given number at a time. Raises its reader's errors.
    """

    path: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    batches: Callable[[int], Iterator[NDArray[Any]]]

    @property
    def row_bytes(self) -> int:
        """Return the bytes of an array's row; values of no fixed length count as 64 kB."""
        size = 1 << 16 if self.dtype.hasobject else self.dtype.itemsize
        return max(1, size * math.prod(self.shape[1:]))

    def read(self) -> Iterator[NDArray[Any]]:
        """Yield the array's rows, some BATCH_BYTES at a time."""
        return self.batches(max(1, BATCH_BYTES // self.row_bytes))


def read_array(
    blob: Blob, array: StoredArray, algorithms: Collection[str], variants: Collection[str]
) -> Iterator[Samples | PartlyRead | Blob]:
    """Yield an array's pictures as samples, its bytes and texts as members of the file, and gaps.

    Numbers that cannot be pictures hold nothing.
    """
    if not math.prod(array.shape):
        return
    layout = picture_layout(array.dtype, array.shape)
    if array.dtype.names is None and array.dtype.kind not in "OSUVui" and not layout:
        return
    if array.row_bytes > MAX_DECODED_BYTES:
        yield PartlyRead(blob, array.path, _TOO_LARGE_ROW)
    elif array.dtype.names is not None:
        yield from _read_fields(blob, array)
    elif array.dtype.kind in "OSUV":
        yield from values_as_tables(blob, array.path, chain.from_iterable(map(_values, array.read())))
    elif array.dtype.itemsize == 1 and len(array.shape) == 1:
        yield from _read_bytes(blob, array)
    elif layout:
        yield from _read_pictures(blob, array, layout, algorithms, variants)
    elif array.dtype == np.uint8 and len(array.shape) == 2:
        yield from _read_flat(blob, array)


def picture_layout(dtype: np.dtype[Any], shape: tuple[int, ...]) -> str:
    """Return the axes of a picture in an array of this type and shape: "HWC", "CHW" or "HW"; "" if it holds none.

    Planes without channels are taken for pictures only if they are whole numbers of 8 or 16 bits without sign: those of
    other types are mostly embeddings.
    """
    if dtype.kind not in "uif" or (dtype.kind == "i" and dtype.itemsize == 1):
        return ""
    if len(shape) >= 3 and shape[-1] in _CHANNELS and _is_plane(shape[-3:-1]):
        return "HWC"
    if len(shape) >= 3 and shape[-3] in _CHANNELS and _is_plane(shape[-2:]):
        return "CHW"
    if len(shape) >= 2 and dtype.kind == "u" and dtype.itemsize <= 2 and _is_plane(shape[-2:]):
        return "HW"
    return ""


def values_as_tables(blob: Blob, path: str, values: Iterable[object]) -> Iterator[Blob]:
    """Yield tables of one column with an array's values (bytes, texts, None), each a member of the file."""
    first, rows, held = 0, list[object](), 0
    for value in values:
        rows.append(value)
        held += len(value) if isinstance(value, (bytes, str)) else 0
        if held >= BATCH_BYTES or len(rows) >= 1 << 17:
            yield table_member(blob, f"{path}[{first}:{first + len(rows)}]", {path.rpartition("/")[2]: rows})
            first, rows, held = first + len(rows), [], 0
    if rows:
        name = f"{path}[{first}:{first + len(rows)}]" if first else path
        yield table_member(blob, name, {path.rpartition("/")[2]: rows})


def table_member(blob: Blob, path: str, columns: dict[str, list[object]]) -> Blob:
    """Build a table, which is a member of the file, of an array's columns of bytes and texts, or lists of them."""
    batch = pa.RecordBatch.from_pydict({name: _column(values) for name, values in columns.items()})
    out = pa.BufferOutputStream()
    with pa.ipc.new_file(out, batch.schema) as table:
        table.write_batch(batch)
    return blob.member(path, bytes(out.getvalue()))


def _column(values: list[object]) -> pa.Array:
    """Return values of an array as a column of texts where all are, else of bytes."""
    first = next((value for value in values if value is not None), None)
    if isinstance(first, list):
        flat = _column([item for value in values if isinstance(value, list) for item in value])
        lengths = np.array([len(value) if isinstance(value, list) else 0 for value in values], np.int64)
        return pa.LargeListArray.from_arrays(pa.array(np.concatenate(([0], np.cumsum(lengths)))), flat)
    if all(isinstance(value, str) for value in values if value is not None):
        return pa.array(values, pa.large_string())
    column = pa.array([value.encode() if isinstance(value, str) else value for value in values], pa.large_binary())
    try:
        return column.cast(pa.large_string())
    except pa.ArrowInvalid:
        return column


def _values(rows: NDArray[Any]) -> Iterator[object]:
    """Yield the values of an array of texts, bytes, or arrays of bytes; None for a number."""
    if rows.dtype.kind == "S" and rows.size:
        # NumPy drops zeros at the end, which are a text's padding, but may belong to bytes.
        texts = rows.ravel().tolist()
        whole = np.ascontiguousarray(rows).view(np.uint8).reshape(rows.size, -1)
        yield from (text if text.isascii() else whole[at].tobytes() for at, text in enumerate(texts))
        return
    for value in rows.ravel():
        if isinstance(value, (bytes, str)):
            yield value
        elif isinstance(value, (np.void, np.ndarray)) and value.dtype.kind in "Vu" and value.dtype.itemsize:
            yield value.tobytes() if value.dtype.kind == "V" or value.dtype.itemsize == 1 else None
        else:
            yield None


def _read_fields(blob: Blob, array: StoredArray) -> Iterator[PartlyRead | Blob]:
    """Yield the texts and bytes of an array of records as a table; the fields that can be pictures are not read."""
    names = []
    for name in array.dtype.names or ():
        field = array.dtype[name]
        if field.names is not None or picture_layout(field.base, field.shape):
            yield PartlyRead(blob, f"{array.path}.{name}", "pictures or records in a field of records: not read")
        elif field.base.kind in "OSUV":
            names.append(name)
    if not names:
        return
    first = 0
    for rows in array.read():
        flat = rows.ravel()
        columns = {name: list(_values(flat[name])) for name in names if array.dtype[name].shape == ()}
        if columns:
            yield table_member(blob, f"{array.path}[{first}:{first + len(flat)}]", columns)
        first += len(flat)
    for name in names:
        if array.dtype[name].shape:
            yield PartlyRead(blob, f"{array.path}.{name}", "several values in a field of records: not read")


def _read_bytes(blob: Blob, array: StoredArray) -> Iterator[PartlyRead | Blob]:
    """Yield a file that is stored as an array of bytes; other bytes in a row are labels and numbers."""
    batches = array.batches(min(array.shape[0], MAX_DECODED_BYTES))
    data = next(batches).tobytes()
    if _is_file(data):
        if array.shape[0] > MAX_DECODED_BYTES:
            yield PartlyRead(blob, array.path, _TOO_LARGE_ROW)
        else:
            yield blob.member(array.path, data)


def _read_flat(blob: Blob, array: StoredArray) -> Iterator[PartlyRead | Blob]:
    """Yield an array's rows that are encoded pictures, filled up with zeros; a gap for rows that can be pixels."""
    rows, length = array.shape
    batches = array.read()
    first = next(batches)
    if is_image(first[0, :HEAD_BYTES].tobytes()):
        values = (row.tobytes() for batch in chain((first,), batches) for row in batch)
        yield from values_as_tables(blob, array.path, values)
    elif length >= _MIN_FLAT and rows != length and any(math.isqrt(length // n) ** 2 * n == length for n in _CHANNELS):
        yield PartlyRead(blob, array.path, _FLAT)


def _read_pictures(
    blob: Blob, array: StoredArray, layout: str, algorithms: Collection[str], variants: Collection[str]
) -> Iterator[Samples | PartlyRead]:
    """Yield the pictures of an array as samples, in batches."""
    wanted = tuple(name for name in COMPUTED_ALGORITHMS if name in algorithms)
    place, ref = f"{blob.uri}!/{array.path}", blob.ref("dataset")
    shape = array.shape[-len(layout) :]
    count = math.prod(array.shape[: -len(layout)])
    single = len(array.shape) == len(layout)
    if math.prod(array.shape[1:] if not single else shape) * array.dtype.itemsize > MAX_DECODED_BYTES:
        yield PartlyRead(blob, array.path, _TOO_LARGE_ROW)
        return
    if DECODING_ALGORITHMS.isdisjoint(wanted):
        if wanted:
            yield PartlyRead(blob, array.path, _NO_FILES)
        for first in range(0, count, 1 << 17):
            numbers = np.arange(first + 1, min(count, first + (1 << 17)) + 1)
            columns = {
                "sample": pa.array(numbers).cast(pa.string()),
                "place": pa.repeat(pa.scalar(place), len(numbers)),
                "row": pa.array(numbers, pa.int64()),
            }
            yield Samples(ref, "computed", build_sample_batch(columns, ()), carrier="pixel array")
        return

    def images() -> Iterator[PixelImage]:
        """Yield each picture of the array; a picture of channels has its axes as height, width, channels."""
        number = 0
        for batch in array.batches(array.shape[0]) if single else array.read():
            pictures = batch.reshape(-1, *shape)
            if layout == "CHW":
                pictures = pictures.transpose(0, 2, 3, 1)
            if layout == "CHW" and single and picture_layout(array.dtype, shape[1:]):
                # They are the channels of one picture, or as many gray pictures.
                yield PixelImage("all", place, 0, pictures[0])
                pictures = batch
            for pixels in pictures:
                number += 1
                yield PixelImage(str(number), place, number, pixels)

    remaining = images()
    while some := list(islice(remaining, _BATCH_PICTURES)):
        yield Samples(ref, "computed", hash_images(some, wanted, variants), carrier="pixel array")


def _is_plane(sides: tuple[int, ...]) -> bool:
    """Return whether an array's axes with these sides can be a picture's plane."""
    return min(sides) >= MIN_SIDE and max(sides) <= MAX_ASPECT * min(sides)


def _is_file(data: bytes) -> bool:
    """Return whether bytes in an array are a picture, a video, sound, or something packed."""
    found = value_content(pa.array([data[:64]], pa.binary()))
    is_media = any(len(some) for some in (found.pictures, found.videos, found.audio))
    return is_media or is_zip(data[:8]) or compression_of(data[:8]) is not None
