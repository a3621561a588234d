"""Reads HDF5 files of datasets: arrays of pixels picture by picture, and arrays of bytes and texts as tables.

Nothing outside the file is opened: links to other files, data in other files, virtual datasets and filters that are
plug-ins are gaps. Needs the extra ``containers``; without it, a file is a gap.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.part_builders.array_contents import StoredArray, read_array
from auditor.part_builders.embedded_files import remainder_members
from auditor.part_builders.read_options import ReadOptions
from auditor.part_builders.text_contents import asks_of_texts, read_texts_in
from auditor.parts import Part, PartlyRead
from auditor.readers import ReaderExample, other_weights
from auditor.samples import Samples

READS_MEMBERS = True
UNREAD_GAP = "samples"

_MAGIC = b"\x89HDF\r\n\x1a\n"
WITHOUT_EXTRA = "an HDF5 file: reading it needs pip install 'provenance-auditor[containers]'"
# What is built into the HDF5 library and h5py: deflate, shuffle, Fletcher-32, szip, n-bit, scale-offset, LZF.
_FILTERS = frozenset((1, 2, 3, 4, 5, 6, 32000))
_MAX_OBJECTS = 1_000_000
# An array may be so many times larger than what is stored of it, or have FREE_BYTES where that is more.
_MAX_RATIO = 1000
_FREE_BYTES = 1 << 28
# Names of attributes and groups by which Keras's weights are told.
_WEIGHTS = frozenset(
    ("layer_names", "keras_version", "model_config", "model_weights", "_layer_checkpoint_dependencies")
)
_BROKEN = (OSError, RuntimeError, ValueError, KeyError, TypeError, MemoryError, OverflowError, AttributeError)


def claims(blob: Blob, head: bytes) -> int:
    """Claim HDF5 by its content."""
    is_hdf5 = any(
        head.startswith(_MAGIC, at) for at in (0, 512, 1024, 2048)
    )  # MATLAB has a header of its own before it
    return 95 if is_hdf5 else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Samples | PartlyRead | Unread | Blob]:
    """Yield what each array of HDF5 files holds; weights that lie among data are read as weights."""
    for blob in blobs:
        try:
            h5py = _h5py()
        except ImportError:
            if blob.kind == "model":
                yield from other_weights.read([blob], options)
            else:
                yield Unread(blob.uri, WITHOUT_EXTRA, blob=blob)
            continue
        try:
            with blob.open() as raw, h5py.File(raw, "r") as file:
                are_weights = blob.kind == "model" or bool(
                    _WEIGHTS.intersection(file.attrs.keys()) or _WEIGHTS.intersection(file.keys())
                )
                if are_weights:
                    yield from other_weights.read([blob], options)
                if not are_weights or asks_of_texts(options.algorithms):
                    yield from _read_group(h5py, blob, file, options, are_weights=are_weights)
                    yield from remainder_members(blob, raw, _outside(raw, file.userblock_size, blob.size))
        except Unreadable as error:
            yield Unread(blob.uri, str(error), blob=blob)
        except _BROKEN as error:
            yield Unread(blob.uri, f"a damaged HDF5 file: {_reason(error)}", blob=blob)


def _h5py() -> Any:
    """Import h5py so that the HDF5 library loads no plug-in, wherever the environment says that they are."""
    os.environ["HDF5_PLUGIN_PRELOAD"] = "::"
    import h5py

    for _ in range(h5py.h5pl.size()):
        h5py.h5pl.remove(0)
    return h5py


def _outside(raw: BinaryIO, block: int, size: int) -> list[tuple[int, int]]:
    """Return the spans of an HDF5 file that the library does not read: the user block, and bytes after its end.

    Args:
        raw: The file.
        block: The length of the user block.
        size: The file's length.
    """
    raw.seek(block + 8)
    head = raw.read(40)
    # The end of the file as its superblock has it: HDF5 file format specification, II.A.
    at = 32 if head[0] < 2 else 20
    end = int.from_bytes(head[at : at + 8], "little")
    return [(0, block), (end, size)] if block < end < size else [(0, block)]


def _read_group(
    h5py: Any, blob: Blob, root: Any, options: ReadOptions, *, are_weights: bool
) -> Iterator[Samples | PartlyRead | Blob]:
    """Yield what all arrays below an HDF5 group hold, each object once, however many links lead to it."""
    seen: set[object] = set()
    stack: list[tuple[str, Any]] = [("", root)]
    yield from _read_attributes(blob, "", root, options, are_weights=are_weights)
    while stack:
        prefix, group = stack.pop()
        for name in group:
            path = f"{prefix}{name}".encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            try:
                link = group.get(name, getlink=True)
                if isinstance(link, h5py.ExternalLink):
                    yield PartlyRead(blob, path, "a link to another HDF5 file: not followed")
                    continue
                if not isinstance(link, h5py.HardLink):
                    continue  # a link within the file: what it leads to has a place of its own
                found = group[name]
                address = h5py.h5o.get_info(found.id).addr
                if address in seen:
                    continue
                seen.add(address)
                if len(seen) > _MAX_OBJECTS:
                    yield PartlyRead(blob, f"the objects after {path}", f"more than {_MAX_OBJECTS:,} objects")
                    return
                yield from _read_attributes(blob, path, found, options, are_weights=are_weights)
                if isinstance(found, h5py.Group):
                    stack.append((f"{path}/", found))
                elif isinstance(found, h5py.Dataset):
                    yield from _read_dataset(h5py, blob, path, found, options, are_weights=are_weights)
            except (Unreadable, *_BROKEN) as error:
                yield PartlyRead(blob, path, f"a damaged HDF5 object: {_reason(error)}")


def _read_attributes(
    blob: Blob, path: str, owner: Any, options: ReadOptions, *, are_weights: bool
) -> Iterator[Samples | PartlyRead | Blob]:
    """Yield what the attributes of an HDF5 object hold: texts are searched, and arrays read as others are."""
    for name in owner.attrs:
        place = f"{path}@{name.encode('utf-8', 'surrogateescape').decode('utf-8', 'backslashreplace')}"
        try:
            value = owner.attrs[name]
        except _BROKEN as error:
            yield PartlyRead(blob, place, f"a damaged HDF5 object: {_reason(error)}")
            continue
        if isinstance(value, str):
            yield from read_texts_in(blob, value.encode("utf-8", "surrogateescape"), options.algorithms, place)
        elif isinstance(value, (bytes, np.ndarray, np.generic)):
            found = np.asarray(value).reshape(np.shape(value) or (1,))
            array = StoredArray(place, found.dtype, found.shape, partial(_rows_of, found))
            yield from read_array(blob, array, options.algorithms, options.variants, are_weights=are_weights)


def _rows_of(array: NDArray[Any], rows: int) -> Iterator[NDArray[Any]]:
    """Yield the rows of an HDF5 attribute's array, so many at a time."""
    return (array[first : first + rows] for first in range(0, len(array), rows))


def _read_dataset(
    h5py: Any, blob: Blob, path: str, dataset: Any, options: ReadOptions, *, are_weights: bool
) -> Iterator[Samples | PartlyRead | Blob]:
    """Yield what one array of an HDF5 file holds."""
    properties = dataset.id.get_create_plist()
    filters = {properties.get_filter(at)[0] for at in range(properties.get_nfilters())}
    shape = dataset.shape
    if shape is None or not dataset.size:
        return
    if dataset.is_virtual:
        yield PartlyRead(blob, path, "a virtual HDF5 dataset, whose data is elsewhere: not followed")
    elif dataset.external:
        yield PartlyRead(blob, path, "an HDF5 dataset with its data in another file: not followed")
    elif filters - _FILTERS:
        numbers = ", ".join(map(str, sorted(filters - _FILTERS)))
        yield PartlyRead(blob, path, f"an HDF5 filter that is a plug-in: not loaded ({numbers})")
    elif h5py.check_ref_dtype(dataset.dtype) is not None:
        return  # references to objects of the file, which are read by themselves
    elif dataset.nbytes > max(_FREE_BYTES, _MAX_RATIO * dataset.id.get_storage_size()):
        yield PartlyRead(blob, path, "an HDF5 dataset that claims much more than is stored: not read")
    else:
        array = StoredArray(path, dataset.dtype, shape or (1,), partial(_batches, dataset))
        yield from read_array(blob, array, options.algorithms, options.variants, are_weights=are_weights)


def _batches(dataset: Any, rows: int) -> Iterator[NDArray[Any]]:
    """Yield the rows of an HDF5 array, so many at a time."""
    if not dataset.shape:
        yield np.asarray([dataset[()]], dataset.dtype)
        return
    for first in range(0, dataset.shape[0], rows):
        yield dataset[first : first + rows]


def _reason(error: BaseException) -> str:
    """Return a short reason why an HDF5 file could not be read, from the error."""
    return " ".join(str(error).split())[:100] or type(error).__name__


EXAMPLES: tuple[ReaderExample, ...] = (ReaderExample("cut.h5", _MAGIC + bytes(100), unread="HDF5"),)
