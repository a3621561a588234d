"""Write and read the tables of sampled weights and tensor digests that workers keep of weights files.

``fingerprints/N.parquet`` holds the sampled values of each file of weights, ``tensors/N.parquet`` the digests of its
tensors where weights are read in full. Both have one row in a row group, so that rows are read one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from auditor.blob import Blob
from auditor.errors import RunError, Unreadable
from auditor.hashing.weight_sketch import SKETCH_SIZE
from auditor.lineage.artefacts import is_shared_component
from auditor.lineage.fingerprint_files import encode_fingerprint
from auditor.lineage.weight_samples import OTHER_SUFFIXES, sample_file
from auditor.parts import Part
from auditor.syntax.safetensors_header import SUFFIXES

FINGERPRINTS_SCHEMA = pa.schema(
    [
        pa.field("name", pa.string()),
        pa.field("revision", pa.string()),
        pa.field("unit", pa.string()),  # the file's URI; that of a sharded model's files is the same
        pa.field("sketch", pa.list_(pa.float32(), SKETCH_SIZE)),  # not of length one: those of a unit's files add up
        pa.field("fingerprint", pa.large_binary()),  # the bytes of a fingerprint file
    ]
)
_TENSORS_FIELDS: list[pa.Field[Any]] = [
    pa.field("name", pa.string()),
    pa.field("revision", pa.string()),
    pa.field("unit", pa.string()),  # as above
    pa.field("digests", pa.large_binary()),  # TENSOR_DIGEST_BYTES for each tensor
]
TENSORS_SCHEMA = pa.schema(_TENSORS_FIELDS)
_SHARD_NUMBER = re.compile(r"[-_]\d{5}-of-\d{5}(?=\.)")

UnitKey = tuple[str, str, str]  # name, revision and unit


def unit_name(uri: str) -> str:
    """Return the name that all shards of a model's weights have in common."""
    return _SHARD_NUMBER.sub("", uri)


def fingerprint_row(blob: Blob) -> tuple[pa.RecordBatch | None, str]:
    """Sample a weights file; return its row of FINGERPRINTS_SCHEMA (or None) and the key that coverage counts.

    If a file cannot be read, its reader reports the reason.
    """
    if blob.suffix not in SUFFIXES and (blob.suffix not in OTHER_SUFFIXES or blob.offset):
        return None, "weights not sampled: not safetensors, GGUF or ONNX"
    if is_shared_component(blob.uri):
        return None, "weights not sampled: a part that unlike models share"
    try:
        weights = sample_file(blob.basename, blob.path, blob.offset, blob.size)
    except (Unreadable, OSError):
        return None, "weights not sampled: cannot be read"
    ref = blob.ref("model")
    cells = (ref.name, ref.revision, unit_name(blob.uri), weights.unnormalized_sketch(), encode_fingerprint(weights))
    counted = "weights sampled" if weights.values else "weights not sampled: an adapter, quantised or too small"
    return _one_row(FINGERPRINTS_SCHEMA, cells), counted


def tensor_digests_row(part: Part) -> pa.RecordBatch | None:
    """Return the row of TENSORS_SCHEMA for a weights file; None where it has no tensors that tell models apart."""
    subject = part.subject
    uri = subject.statements[0].place.uri if subject.statements else ""
    if not part.tensors or is_shared_component(uri):
        return None
    return _one_row(TENSORS_SCHEMA, (subject.name, subject.revision, unit_name(uri), b"".join(sorted(part.tensors))))


def _one_row(schema: pa.Schema, cells: tuple[object, ...]) -> pa.RecordBatch:
    """Return one row of a table of weights."""
    arrays = [pa.array([cell], field.type) for cell, field in zip(cells, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def locate_unit_rows(files: Iterable[Path]) -> dict[UnitKey, list[tuple[Path, int]]]:
    """Return for each unit the files and row groups that hold its rows. Raises RunError."""
    found: dict[UnitKey, list[tuple[Path, int]]] = {}
    for path in files:
        keys = read_weight_columns(path, ["name", "revision", "unit"])
        for number, key in enumerate(zip(*(column.to_pylist() for column in keys.columns), strict=True)):
            found.setdefault(key, []).append((path, number))
    return found


@lru_cache(maxsize=64)
def open_weight_table(path: Path) -> pq.ParquetFile:
    """Open a table of weights."""
    return pq.ParquetFile(path)


def read_weight_columns(path: Path, columns: list[str], group: int | None = None) -> pa.Table:
    """Read columns of one row group, or of all where ``group`` is None. Raises RunError for a damaged file."""
    try:
        file = open_weight_table(path)
        return file.read(columns) if group is None else file.read_row_group(group, columns)
    except (pa.ArrowInvalid, OSError) as error:
        raise RunError(f"{path}: is damaged ({error}); run the scan again") from error
