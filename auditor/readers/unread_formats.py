"""Names the formats of datasets that hold pictures or addresses and are not read: each leaves a gap that says so.

To read one, add a reader that claims it more. Pickles stay here: they are never loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.hashing import exact
from auditor.part_builders.file_samples import sample_whole_files
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import Part, PartlyRead
from auditor.readers import HEAD_BYTES, ReaderExample, other_weights
from auditor.samples import Samples

READS_MEMBERS = True
UNREAD_GAP = "samples"

PICKLE = "a pickle"
# First bytes, where they stand, and the format.
_MAGICS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"SQLite format 3\0", "an SQLite database"),
    (8, b"DUCK", "a DuckDB database"),
    (0, b"Obj\x01", "an Avro file"),
    (0, b"\x0a\x23\xd7\xce", "an MXNet RecordIO file"),
    (0, b"MATLAB 5.0 MAT-file", "a MATLAB file"),
    (0, b"\0\0\x08\x03", "an IDX file"),
    (0, b"\0\0\x08\x04", "an IDX file"),
    (0, b"CDF\x01", "a NetCDF file"),
    (0, b"CDF\x02", "a NetCDF file"),
    (0, b"\x0e\x03\x13\x01", "an HDF4 file"),
    (0, b"RDX2\n", "an R data file"),
    (0, b"RDX3\n", "an R data file"),
    (0, b"\x89MCAP0\r\n", "an MCAP file"),
    (0, b"#ROSBAG V2.0", "a ROS bag"),
    (0, b"WARC/", "a WARC file"),
    (128, b"DICM", "a DICOM file"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an OLE document, such as xls"),
)
_SUFFIXES = {
    ".mds": "a MosaicML MDS shard",
    ".beton": "an FFCV Beton file",
    ".lance": "a Lance file",
    ".rec": "a RecordIO file",
    ".recordio": "a RecordIO file",
    ".avro": "an Avro file",
    ".mat": "a MATLAB file",
    ".sqlite": "an SQLite database",
    ".sqlite3": "an SQLite database",
    ".pkl": PICKLE,
    ".pickle": PICKLE,
    ".joblib": PICKLE,
}
_PICKLE = re.compile(rb"\x80[\x02-\x05][^\x00]")
_NO_LIST = "no list to match it against"


def claims(blob: Blob, head: bytes) -> int:
    """Claim a format that is not read by its first bytes, then by its name; pickles that are a model's are weights."""
    if blob.kind == "model":
        return 0
    name = _format(blob, head)
    # Two bytes that begin a pickle may begin another file, which its name tells.
    return 45 if name == PICKLE and _SUFFIXES.get(blob.suffix) != PICKLE else 92 if name else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Samples | PartlyRead | Unread | Blob]:
    """Yield the exact digests of each file of a format that is not read, and the gap that says so."""
    wanted = [name for name in exact.CRYPTOGRAPHIC_ALGORITHMS if name in options.algorithms]
    for blob in blobs:
        try:
            name = _format(blob, blob.read(HEAD_BYTES))
        except Unreadable as error:
            yield Unread(blob.uri, str(error), blob=blob)
            continue
        if name == PICKLE and not blob.kind and not blob.holder:
            yield from other_weights.read([blob], options)  # it may be a model that stands by itself
        if not options.algorithms:
            yield Unread(blob.uri, _NO_LIST, skipped=True, blob=blob)
            continue
        if wanted:
            yield from sample_whole_files([blob], wanted)
        why = "never loaded" if name == PICKLE else "not read"
        yield PartlyRead(blob, "its content", f"{name or 'a file of a format that is not read'}: {why}")


def _format(blob: Blob, head: bytes) -> str:
    """Return the name of a file's format that is recognised and not read; "" for any other."""
    for at, magic, name in _MAGICS:
        if head.startswith(magic, at):
            return name
    if ".zarr/" in blob.uri:
        return "a Zarr array"
    if _PICKLE.match(head):
        return PICKLE
    return _SUFFIXES.get(blob.suffix, "")


EXAMPLES: tuple[ReaderExample, ...] = (
    ReaderExample("data.db", b"SQLite format 3\0" + bytes(84), unread=_NO_LIST),
    ReaderExample("data.mds", b"\1\0\0\0", columns=("md5",), options=ReadOptions(frozenset({"md5"}))),
)
