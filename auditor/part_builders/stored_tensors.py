"""Look for pictures in the members of a PyTorch file, whose pickle tells their types and is never loaded."""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Iterator
from typing import BinaryIO

import numpy as np

from auditor.blob import Blob
from auditor.hashing.hash_images import DECODING_ALGORITHMS
from auditor.part_builders.array_contents import MIN_FLAT, change_as_flat_pixels
from auditor.parts import PartlyRead
from auditor.samples import COMPUTED_ALGORITHMS
from auditor.syntax.archive_members import ARCHIVE_ERRORS
from auditor.syntax.embedded_pictures import find_pictures

# Bytes of a stored tensor that show whether it is a picture, and of a member that is read whole.
_PROBE_BYTES = 1 << 16
_MAX_PICKLE_BYTES = 64 << 20
_MAX_MEMBERS = 100_000
_TYPES = ("u1", "<f4", "<f2", "<i8", "<i4")
NOT_LOADED = "a tensor that can be a picture: its pickle is never loaded"
TOO_MANY = f"more than {_MAX_MEMBERS:,} members: not read"


def read_stored_tensors(blob: Blob, file: BinaryIO, algorithms: Collection[str]) -> Iterator[PartlyRead | Blob]:
    """Yield pictures in the members of a zip of weights as members, and a gap for tensors that can be pictures.

    Of a stored tensor some bytes in its middle are read, as numbers of each type that pictures have. Other members are
    searched for encoded pictures.
    """
    if set(COMPUTED_ALGORITHMS).isdisjoint(algorithms):
        return
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            for number, info in enumerate(archive.infolist()):
                if number >= _MAX_MEMBERS:
                    yield PartlyRead(blob, f"the members from {info.filename}", TOO_MANY)
                    return
                is_tensor = "/data/" in f"/{info.filename}" and info.compress_type == zipfile.ZIP_STORED
                with archive.open(info) as stream:
                    if is_tensor and info.file_size > _PROBE_BYTES:
                        data = stream.read(_PROBE_BYTES)
                        stream.seek((info.file_size - _PROBE_BYTES) // 16 * 8)
                        middle = stream.read(_PROBE_BYTES)
                    else:
                        data = middle = stream.read(_MAX_PICKLE_BYTES)
                for start, end in find_pictures(data):
                    yield blob.member(f"{info.filename}, bytes {start + 1:,}-{end:,}", data[start:end])
                asks = is_tensor and not DECODING_ALGORITHMS.isdisjoint(algorithms)
                if asks and any(_may_be_picture(middle, dtype) for dtype in _TYPES):
                    yield PartlyRead(blob, info.filename, NOT_LOADED)
    except ARCHIVE_ERRORS:
        return  # its part says that it is damaged


def _may_be_picture(data: bytes, dtype: str) -> bool:
    """Return whether a stored tensor's bytes are numbers of a picture, if they are of this type."""
    size = np.dtype(dtype).itemsize
    values = np.frombuffer(data, dtype, len(data) // size)
    return len(values) >= MIN_FLAT and change_as_flat_pixels(values)
