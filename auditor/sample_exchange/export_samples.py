"""Export the digests of a dataset's rows, for the holder of a list: no address, no name, at most 24 bytes a row."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from auditor.errors import UsageError
from auditor.hashing.pdq import MIN_QUALITY
from auditor.pipeline.kept_digests import kept_digest_files
from auditor.pipeline.run_folder import read_run
from auditor.sample_exchange.blocks import PREFIX_BYTES, digest_prefixes
from auditor.sample_exchange.declared_digests import EXACT_ALGORITHMS, digest_column, read_digests, valid_rows
from auditor.sample_exchange.manifest_files import manifest_digest, manifest_files
from auditor.samples import DIGEST_BYTES

_METADATA = b"auditor.samples-export"
_SCHEMA = 1
_ROWS_AT_ONCE = 1 << 20
PERCEPTUAL = "pdq"


@dataclass(frozen=True, slots=True)
class ExportHeader:
    """What an export says of itself.

    Attributes:
        algorithm: That of the digests; of longer ones than MD5 the first 16 bytes are exported.
        manifest: The digest of the manifest; "" where the digests are those that a run kept.
        column: The manifest's column of digests, or "".
        perceptual: Whether PDQ hashes are exported too.
        schema: The version of the format.
    """

    algorithm: str
    manifest: str
    column: str = ""
    perceptual: bool = False
    schema: int = _SCHEMA


@dataclass(frozen=True, slots=True)
class ExportedSamples:
    """What was exported: rows, and rows that have no digest and are not asked about."""

    header: ExportHeader
    rows: int
    without_digest: int


def export_samples(
    target: Path, out: Path, *, algorithm: str = "", column: str = "", perceptual: bool = False
) -> ExportedSamples:
    """Write the digests of a manifest's rows, or those that a run keeps, into a new file.

    Args:
        target: A manifest, or a run with kept digests.
        out: The file to write.
        algorithm: The algorithm of the digests; "": MD5, or else the first that is declared.
        column: The manifest's column of them; "": by its name.
        perceptual: Export PDQ hashes too, which takes 32 bytes more a row and tells more of a picture.

    Raises:
        UsageError: There is no such column, the manifest is damaged, or the file cannot be written.
        RunError: The run keeps no digests.
    """
    if algorithm and algorithm not in EXACT_ALGORITHMS:
        raise UsageError(f"--algorithm {algorithm}: choose {', '.join(EXACT_ALGORITHMS)}")
    if (target / "run.json").exists():
        run = read_run(target)
        algorithm, column = algorithm or EXACT_ALGORITHMS[0], ""
        wanted = [algorithm, *([PERCEPTUAL] if perceptual else [])]
        digests: Iterator[Mapping[str, pa.Array]] = _kept_digests(list(kept_digest_files(target, run).values()), wanted)
        manifest = ""
    else:
        files = manifest_files(target)
        algorithm, column = digest_column(files, algorithm, column)
        columns = {algorithm: column}
        if perceptual:
            columns[PERCEPTUAL] = digest_column(files, PERCEPTUAL)[1]
        manifest = manifest_digest(files)
        digests = read_digests(files, columns)
    header = ExportHeader(algorithm, manifest, column, perceptual)
    part = out.with_name(f"{out.name}.part")
    try:
        rows, without = _write(part, header, digests)
        os.replace(part, out)
    except OSError as error:
        raise UsageError(f"{out}: cannot be written: {error.strerror}; nothing was exported") from error
    finally:
        part.unlink(missing_ok=True)
    if not rows:
        out.unlink()
        raise UsageError(f"{target}: no row has a {algorithm} digest; nothing was exported")
    return ExportedSamples(header, rows, without)


def _kept_digests(paths: Sequence[Path], algorithms: Sequence[str]) -> Iterator[Mapping[str, pa.Array]]:
    """Yield the kept digests of a run's samples, by algorithm."""
    for path in paths:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(columns=["variant", "quality", *algorithms]):
                stored = batch.filter(pc.equal(batch["variant"], ""))
                digests = {name: stored[name] for name in algorithms}
                if PERCEPTUAL in digests:  # a picture of too little detail looks like many others
                    is_low = pc.fill_null(pc.less(stored["quality"], MIN_QUALITY), False)
                    digests[PERCEPTUAL] = pc.if_else(is_low, None, digests[PERCEPTUAL])
                yield digests


def _write(path: Path, header: ExportHeader, digests: Iterator[Mapping[str, pa.Array]]) -> tuple[int, int]:
    """Write an export; return how many rows it has, and how many have no digest."""
    fields: list[pa.Field[Any]] = [pa.field("digest", pa.binary(PREFIX_BYTES)), pa.field("row", pa.int64())]
    if header.perceptual:
        fields.append(pa.field(PERCEPTUAL, pa.binary(DIGEST_BYTES[PERCEPTUAL])))
    schema = pa.schema(fields, {_METADATA: json.dumps(asdict(header)).encode()})
    number = written = 0
    held: list[pa.RecordBatch] = []
    with pq.ParquetWriter(
        path, schema, compression="zstd", use_dictionary=False, column_encoding={"row": "DELTA_BINARY_PACKED"}
    ) as out:

        def flush() -> None:
            if held:
                out.write_table(pa.Table.from_batches(held, schema), row_group_size=_ROWS_AT_ONCE)
                held.clear()

        for batch in digests:
            values = batch[header.algorithm]
            rows = np.flatnonzero(valid_rows(values))
            at = pa.array(rows)
            prefixes = digest_prefixes(values.take(at) if len(rows) < len(values) else values)
            columns = [
                pa.Array.from_buffers(pa.binary(PREFIX_BYTES), len(rows), [None, pa.py_buffer(prefixes)]),
                pa.array(rows + number + 1),
                *([batch[PERCEPTUAL].take(at)] if header.perceptual else []),
            ]
            held.append(pa.RecordBatch.from_arrays(columns, schema=schema))
            number += len(values)
            written += len(rows)
            if sum(len(one) for one in held) >= _ROWS_AT_ONCE:
                flush()
        flush()
    return written, number - written


@dataclass(frozen=True, slots=True)
class ExportFile:
    """An export that its reader checks: its header, its SHA-256 and how many rows it has."""

    path: Path
    header: ExportHeader
    sha256: str
    rows: int

    def batches(self) -> Iterator[tuple[NDArray[np.uint8], pa.Array | None]]:
        """Yield the digests of rows, ``(rows, 16)``, and their perceptual hashes, if it has any."""
        names = ["digest", *([PERCEPTUAL] if self.header.perceptual else [])]
        try:
            with pq.ParquetFile(self.path) as file:
                for batch in file.iter_batches(_ROWS_AT_ONCE, columns=names):
                    if batch["digest"].null_count:
                        raise UsageError(f"{self.path}: has rows without a digest; ask for a new export")
                    yield digest_prefixes(batch["digest"]), batch[PERCEPTUAL] if self.header.perceptual else None
        except (OSError, pa.ArrowException) as error:
            raise UsageError(f"{self.path}: is damaged ({error}); ask for a new export") from error


def open_export(path: Path) -> ExportFile:
    """Open an export. Raises UsageError for a file that is none."""
    try:
        with open(path, "rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
        content: Any = json.loads((schema.metadata or {})[_METADATA])
        header = ExportHeader(**content)
        if header.schema != _SCHEMA:
            raise UsageError(f"{path}: was exported by another version of auditor; use the same version")
        digest = schema.field("digest").type
        if header.algorithm not in EXACT_ALGORITHMS or digest != pa.binary(PREFIX_BYTES):
            raise ValueError
        if header.perceptual and schema.field(PERCEPTUAL).type != pa.binary(DIGEST_BYTES[PERCEPTUAL]):
            raise ValueError
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except (pa.ArrowException, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path}: is not a file that `auditor samples export` wrote") from error
    return ExportFile(path, header, sha256, rows)
