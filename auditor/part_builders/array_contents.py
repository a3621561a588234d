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
# A whole number above that of the brightest pixel of 16 bits is of four channels.
_MAX_GRAY = 65_535
_CHANNELS = (1, 3, 4)
_BATCH_PICTURES = 256
# Rows of an array that are looked at for flattened pictures.
_FLAT_ROWS = 64
_TOO_LARGE_ROW = "one row of it has more than 256 MiB: not read"
_NO_FILES = "an array of decoded pictures: it has no digests of files, and no perceptual list was loaded"
FLAT = "numbers that can be pictures, one flattened to a row: not read"
# The shortest row that is taken for a flattened picture: 28 x 28.
MIN_FLAT = 784
# Of a picture, so many rows and columns show how its values change; of a flattened one, so many values.
_PROBE_SIDE = 64
_FLAT_PROBE = 1 << 16
# Neighbours of pictures differ by 0.05 to 0.6 of what values apart differ by; those of other numbers by 0.8 and more.
MAX_STEP = 0.7
# A flattened picture has more different values than labels have.
_MIN_GRAYS = 32


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
    blob: Blob,
    array: StoredArray,
    algorithms: Collection[str],
    variants: Collection[str],
    *,
    are_weights: bool = False,
) -> Iterator[Samples | PartlyRead | Blob]:
    """Yield an array's pictures as samples, its bytes and texts as members of the file, and gaps.

    Numbers that cannot be pictures hold nothing. Among weights, and where the type and the shape are those of other
    numbers too, an array of the form of a picture is one if its values change as a picture's do.
    """
    if not math.prod(array.shape):
        return
    layout = picture_layout(array.dtype, array.shape)
    by_values = are_weights or not layout
    layout = layout or plane_layout(array.dtype, array.shape)
    is_flat = array.dtype.kind in "uif" and math.prod(array.shape[1:] or array.shape) >= MIN_FLAT
    is_bytes = array.dtype.itemsize == 1 and len(array.shape) == 1
    is_number = array.dtype.names is None and array.dtype.kind not in "OSUV"
    if is_number and not (layout or is_flat or is_bytes):
        return
    if array.row_bytes > MAX_DECODED_BYTES:
        yield PartlyRead(blob, array.path, _TOO_LARGE_ROW)
    elif array.dtype.names is not None:
        yield from _read_fields(blob, array)
    elif array.dtype.kind in "OSUV":
        yield from values_as_tables(blob, array.path, chain.from_iterable(map(_values, array.read())))
    elif is_bytes:
        yield from _read_bytes(blob, array, algorithms)
    elif layout:
        yield from _read_pictures(blob, array, layout, algorithms, variants, by_values=by_values)
    elif len(array.shape) <= 2:
        yield from _read_flat(blob, array, algorithms)


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


def plane_layout(dtype: np.dtype[Any], shape: tuple[int, ...]) -> str:
    """Return the axes of a picture in an array of a type that mostly other numbers have; "" for another shape."""
    if dtype.kind == "i" and dtype.itemsize == 1:
        return picture_layout(np.dtype(np.uint8), shape)
    is_plane = len(shape) >= 2 and dtype.kind in "uif" and _is_plane(shape[-2:])
    return "HW" if is_plane else ""


def change_as_pixels(planes: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which planes of an array (number, height, width) have values that change little from one to the next.

    Neighbours in a picture are more alike than two of its values that lie apart, in both directions; numbers of
    weights, embeddings and tables are not.
    """
    middle = [max(0, (side - _PROBE_SIDE) // 2) for side in planes.shape[1:]]
    probe = planes[:, middle[0] : middle[0] + _PROBE_SIDE, middle[1] : middle[1] + _PROBE_SIDE]
    values = np.nan_to_num(probe.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    flat = values.reshape(len(values), -1)
    apart = np.abs(flat - np.roll(flat, flat.shape[1] // 2 + values.shape[2] // 3, axis=1)).mean(axis=1)
    steps = [np.abs(np.diff(values, axis=axis)).mean(axis=(1, 2)) for axis in (1, 2)]
    return (apart > 0) & (np.maximum(*steps) < MAX_STEP * apart)  # type: ignore[no-any-return]


def change_as_flat_pixels(values: NDArray[Any]) -> bool:
    """Return whether numbers in a row change as those of a flattened picture; an array of labels is in order.

    Args:
        values: The numbers, one row.
    """
    row = values[:_FLAT_PROBE].astype(np.float64)
    if len(row) < MIN_FLAT or not np.isfinite(row).all():
        return False
    low, high = row.min(), row.max()
    is_scaled = low >= 0 and high <= 1 and values.dtype.kind == "f"
    if not is_scaled and (low < 0 or high > 255 or (row != np.rint(row)).any()):
        return False
    steps = np.diff(row)
    if (steps >= 0).all() or (steps <= 0).all() or len(np.unique(row)) < _MIN_GRAYS:
        return False
    apart = np.abs(row - np.roll(row, len(row) // 2)).mean()
    step = min(np.abs(row[lag:] - row[:-lag]).mean() for lag in (1, 3, 4))
    return bool(step < MAX_STEP * apart)


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


def _read_bytes(blob: Blob, array: StoredArray, algorithms: Collection[str]) -> Iterator[PartlyRead | Blob]:
    """Yield a file that is stored as an array of bytes; of other bytes, a gap for those that can be pixels."""
    batches = array.batches(min(array.shape[0], MAX_DECODED_BYTES))
    data = next(batches).tobytes()
    if _is_file(data):
        if array.shape[0] > MAX_DECODED_BYTES:
            yield PartlyRead(blob, array.path, _TOO_LARGE_ROW)
        else:
            yield blob.member(array.path, data)
    elif not DECODING_ALGORITHMS.isdisjoint(algorithms) and change_as_flat_pixels(np.frombuffer(data, np.uint8)):
        yield PartlyRead(blob, array.path, FLAT)


def _read_flat(blob: Blob, array: StoredArray, algorithms: Collection[str]) -> Iterator[PartlyRead | Blob]:
    """Yield an array's rows that are encoded pictures, filled up with zeros; a gap for rows that can be pixels."""
    if len(array.shape) == 1:
        first = next(array.batches(min(array.shape[0], _FLAT_PROBE)))[None, :]
        batches: Iterator[NDArray[Any]] = iter(())
    else:
        batches = array.read()
        first = next(batches)
    rows, length = len(first), first.shape[1]
    if array.dtype == np.uint8 and len(array.shape) == 2 and is_image(first[0, :HEAD_BYTES].tobytes()):
        values = (row.tobytes() for batch in chain((first,), batches) for row in batch)
        yield from values_as_tables(blob, array.path, values)
        return
    is_square = any(math.isqrt(length // n) ** 2 * n == length for n in _CHANNELS)
    is_likely = array.dtype == np.uint8 and len(array.shape) == 2 and array.shape[0] != length and is_square
    asks = not DECODING_ALGORITHMS.isdisjoint(algorithms)
    if length >= MIN_FLAT and (
        is_likely or (asks and any(change_as_flat_pixels(row) for row in first[:: max(1, rows // _FLAT_ROWS)]))
    ):
        yield PartlyRead(blob, array.path, FLAT)


def _read_pictures(
    blob: Blob,
    array: StoredArray,
    layout: str,
    algorithms: Collection[str],
    variants: Collection[str],
    *,
    by_values: bool,
) -> Iterator[Samples | PartlyRead]:
    """Yield the pictures of an array as samples, in batches; ``by_values``: those that change as pixels do."""
    wanted = tuple(name for name in COMPUTED_ALGORITHMS if name in algorithms)
    place, ref = f"{blob.uri}!/{array.path}", blob.ref("dataset")
    shape = array.shape[-len(layout) :]
    count = math.prod(array.shape[: -len(layout)])
    single = len(array.shape) == len(layout)
    if math.prod(array.shape[1:] if not single else shape) * array.dtype.itemsize > MAX_DECODED_BYTES:
        yield PartlyRead(blob, array.path, _TOO_LARGE_ROW)
        return
    if by_values and DECODING_ALGORITHMS.isdisjoint(wanted):
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
                if not by_values or change_as_pixels(pictures[..., 0]).all():
                    yield PixelImage("all", place, 0, pictures[0])
                pictures = batch
            planes = pictures if pictures.ndim == 3 else pictures[..., 0]
            shown = change_as_pixels(planes) if by_values else np.ones(len(pictures), bool)
            for pixels, is_shown in zip(pictures, shown, strict=True):
                number += 1
                if is_shown:
                    yield PixelImage(str(number), place, number, _unpacked(pixels))

    remaining = images()
    while some := list(islice(remaining, _BATCH_PICTURES)):
        yield Samples(ref, "computed", hash_images(some, wanted, variants), carrier="pixel array")


def _unpacked(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return the pixels of an array's plane; those of four bytes in one number as channels."""
    if pixels.ndim == 2 and pixels.dtype.kind in "ui" and pixels.dtype.itemsize == 4 and pixels.max() > _MAX_GRAY:
        return np.ascontiguousarray(pixels).view(np.uint8).reshape(*pixels.shape, 4)
    return pixels


def _is_plane(sides: tuple[int, ...]) -> bool:
    """Return whether an array's axes with these sides can be a picture's plane."""
    return min(sides) >= MIN_SIDE and max(sides) <= MAX_ASPECT * min(sides)


def _is_file(data: bytes) -> bool:
    """Return whether bytes in an array are a picture, a video, sound, or something packed."""
    found = value_content(pa.array([data[:64]], pa.binary()))
    is_media = any(len(some) for some in (found.pictures, found.videos, found.audio))
    return is_media or is_zip(data[:8]) or compression_of(data[:8]) is not None
