"""Read columns of a manifest for an export, and write it without some of its rows, in its own format.

Parquet (a file or a folder of files), CSV and the like, and JSON lines. Lines of text are kept byte for byte.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq
from numpy.typing import NDArray

from auditor.errors import UsageError
from auditor.syntax.csv_stream import CsvHeader, parse_csv_header

Form = Literal["parquet", "csv", "jsonl"]
_FORMS: dict[str, Form] = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
_BLOCK_BYTES = 1 << 24  # of text that is parsed at once
_LONGEST_RECORD = 1 << 26
_BATCH_ROWS = 1 << 17
_HEADER_BYTES = 1 << 16
_HASH_BYTES = 1 << 20

# Which rows of some columns are kept.
Keep = Callable[[pa.RecordBatch], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """A file of a manifest; ``name`` is its path below the manifest's folder."""

    path: Path
    name: str
    form: Form

    def columns(self) -> tuple[str, ...]:
        """Return the names of the file's columns; of JSON lines, those of its first object."""
        with _errors_name(self.path):
            if self.form == "parquet":
                return tuple(pq.read_schema(self.path).names)
            with open(self.path, "rb") as file:
                if self.form == "csv":
                    return _read_csv_header(file, self.path).cells
                first = file.readline(_LONGEST_RECORD)
            return tuple(pyarrow.json.read_json(io.BytesIO(first)).schema.names) if first.strip() else ()

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield some columns of all rows, in order."""
        with _errors_name(self.path):
            if self.form == "parquet":
                with pq.ParquetFile(self.path) as parquet:
                    yield from parquet.iter_batches(_BATCH_ROWS, columns=list(columns))
            else:
                for block in self._blocks(columns):
                    yield block.rows

    def write_kept(self, to: Path, columns: Sequence[str], keep: Keep) -> None:
        """Write the file without some rows.

        Args:
            to: The new file.
            columns: The columns that ``keep`` needs.
            keep: Returns which rows are kept.

        Raises:
            UsageError: The file is damaged, or the new one cannot be written.
        """
        part = to.with_name(f"{to.name}.part")
        try:
            if self.form == "parquet":
                self._write_kept_parquet(part, columns, keep)
            else:
                self._write_kept_lines(part, columns, keep)
            os.replace(part, to)
        finally:
            part.unlink(missing_ok=True)

    def _write_kept_parquet(self, to: Path, columns: Sequence[str], keep: Keep) -> None:
        """Write the kept rows of a Parquet file, a row group at a time, with its schema and compression."""
        with _errors_name(self.path), pq.ParquetFile(self.path) as source:
            metadata = source.metadata
            group = metadata.row_group(0) if metadata.num_row_groups else None
            chunks = [group.column(number) for number in range(group.num_columns)] if group else []
            compression: Any = {
                one.path_in_schema: _COMPRESSIONS.get(one.compression, one.compression) for one in chunks
            }
            with ExitStack() as stack:
                with _errors_name(to):
                    out = stack.enter_context(pq.ParquetWriter(to, source.schema_arrow, compression=compression))
                for number in range(metadata.num_row_groups):
                    table = source.read_row_group(number)
                    kept = [keep(batch) for batch in table.select(list(columns)).to_batches(_BATCH_ROWS)]
                    table = table.filter(pa.array(np.concatenate(kept))) if kept else table
                    if table.num_rows:
                        with _errors_name(to):
                            out.write_table(table, row_group_size=table.num_rows)

    def _write_kept_lines(self, to: Path, columns: Sequence[str], keep: Keep) -> None:
        """Write the kept lines of a text file unchanged; lines that are no rows, such as the header, are kept."""
        with _errors_name(to), open(to, "wb") as out:
            for block in self._blocks(columns, with_header=True):
                kept = np.ones(len(block.lengths), np.bool_)
                kept[block.is_row] = keep(block.rows)
                out.write(block.data[np.repeat(kept, block.lengths)].tobytes())
            out.flush()
            os.fsync(out.fileno())

    def _blocks(self, columns: Sequence[str], *, with_header: bool = False) -> Iterator[_TextBlock]:
        """Yield the records of a text file with some columns of them; its header as a block without rows."""
        with _errors_name(self.path), open(self.path, "rb") as file:
            header: CsvHeader | None = None
            if self.form == "csv":
                header = _read_csv_header(file, self.path)
                start = _header_length(file, header)
                file.seek(0)
                head = np.frombuffer(file.read(start), np.uint8)
                if with_header:
                    nothing = pa.RecordBatch.from_pydict({name: pa.array([], pa.binary()) for name in columns})
                    yield _TextBlock(head, np.array([len(head)]), np.zeros(1, np.bool_), nothing)
            row = 0
            for data in _whole_records(file, self.path, has_quotes=header is not None):
                lengths = _record_lengths(data, has_quotes=header is not None)
                ends = np.cumsum(lengths)
                is_row = _is_row(data, ends, lengths)
                rows = _parse_csv(data, header, columns) if header else _parse_json(data, columns)
                if rows.num_rows != is_row.sum():
                    raise UsageError(
                        f"{self.path}: a record after row {row:,} is malformed; correct it before its rows are exported"
                    )
                row += rows.num_rows
                yield _TextBlock(data, lengths, is_row, rows)


@dataclass(frozen=True, slots=True)
class _TextBlock:
    """Whole records of a text file: their bytes, the length of each, which are rows, and columns of those."""

    data: NDArray[np.uint8]
    lengths: NDArray[np.int64]
    is_row: NDArray[np.bool_]
    rows: pa.RecordBatch


_COMPRESSIONS = {"UNCOMPRESSED": "NONE"}


def manifest_files(target: Path) -> tuple[ManifestFile, ...]:
    """Return the files of a manifest: a table, or all Parquet files below a folder.

    Raises:
        UsageError: It is neither, or holds none.
    """
    if target.is_dir():
        found = sorted(path for path in target.rglob("*.parquet") if path.is_file() and not path.is_symlink())
        if not found:
            raise UsageError(f"{target}: holds no Parquet file; name a manifest, or a folder of Parquet files")
        return tuple(ManifestFile(path, path.relative_to(target).as_posix(), "parquet") for path in found)
    form = _FORMS.get(target.suffix.lower())
    if not form or not target.is_file():
        raise UsageError(f"{target}: is no manifest ({', '.join(_FORMS)}), unpacked, nor a folder of Parquet files")
    return (ManifestFile(target, target.name, form),)


def manifest_digest(files: Sequence[ManifestFile]) -> str:
    """Return a digest of a manifest's names and bytes: SHA-256 of ``name``, NUL and SHA-256 of each file.

    The name of a single file does not count.
    """
    total = hashlib.sha256()
    for one in files:
        with _errors_name(one.path), open(one.path, "rb") as file:
            content = hashlib.file_digest(file, "sha256")
        total.update(b"%b\0%b\n" % (one.name.encode() if len(files) > 1 else b"", content.hexdigest().encode()))
    return total.hexdigest()


@contextmanager
def _errors_name(path: Path) -> Iterator[None]:
    """Turn an error of a file into a UsageError that names it."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"{path}: cannot be read or written: {error.strerror or error}") from error
    except (pa.ArrowException, UnicodeError) as error:
        raise UsageError(f"{path}: is damaged: {' '.join(str(error).split())[:160]}") from error


def _read_csv_header(file: IO[bytes], path: Path) -> CsvHeader:
    """Return the header of a CSV file, from its beginning."""
    text = file.read(_HEADER_BYTES).decode("utf-8", "replace")
    header = parse_csv_header(text)
    if not header.cells or "\0" in text:
        raise UsageError(f"{path}: has no header in UTF-8; name a table whose first row names its columns")
    return header


def _header_length(file: IO[bytes], header: CsvHeader) -> int:
    """Return the bytes before the first row of a CSV file."""
    file.seek(0)
    lines = header.skip + 1 + sum(cell.count("\n") for cell in header.cells)
    return sum(len(file.readline(_LONGEST_RECORD)) for _ in range(lines))


def _whole_records(file: IO[bytes], path: Path, *, has_quotes: bool) -> Iterator[NDArray[np.uint8]]:
    """Yield blocks of whole records from where a text file is read on."""
    rest = b""
    while block := file.read(_BLOCK_BYTES):
        data = np.frombuffer(rest + block, np.uint8)
        ends = _record_ends(data, has_quotes=has_quotes)
        if not len(ends):
            rest = data.tobytes()
            if len(rest) > _LONGEST_RECORD:
                raise UsageError(f"{path}: has a record longer than {_LONGEST_RECORD:,} bytes, or an open quote")
            continue
        yield data[: ends[-1]]
        rest = data[ends[-1] :].tobytes()
    if rest:
        yield np.frombuffer(rest, np.uint8)


def _record_ends(data: NDArray[np.uint8], *, has_quotes: bool) -> NDArray[np.int64]:
    """Return where records end: after each line break that is not between quotes."""
    ends = np.flatnonzero(data == ord("\n")) + 1
    if has_quotes and len(quotes := np.flatnonzero(data == ord('"'))):
        ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
    return ends


def _record_lengths(data: NDArray[np.uint8], *, has_quotes: bool) -> NDArray[np.int64]:
    """Return the bytes of each record of a block; the last one may have no line break."""
    ends = _record_ends(data, has_quotes=has_quotes)
    if not len(ends) or ends[-1] < len(data):
        ends = np.append(ends, len(data))
    return np.diff(ends, prepend=0)


def _is_row(data: NDArray[np.uint8], ends: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which records are not a blank line."""
    is_row: NDArray[np.bool_] = lengths > 2
    for record in np.flatnonzero(~is_row):
        is_row[record] = bool(data[ends[record] - lengths[record] : ends[record]].tobytes().strip())
    return is_row


def _parse_csv(data: NDArray[np.uint8], header: CsvHeader, columns: Sequence[str]) -> pa.RecordBatch:
    """Return columns of the records of a CSV block, as binary."""
    ids = [str(number) for number in range(len(header.cells))]
    wanted = [ids[header.cells.index(name)] for name in columns]
    table = pyarrow.csv.read_csv(
        pa.BufferReader(pa.py_buffer(data)),
        pyarrow.csv.ReadOptions(column_names=ids, block_size=len(data) + 1),
        pyarrow.csv.ParseOptions(delimiter=header.delimiter, newlines_in_values=True),
        pyarrow.csv.ConvertOptions(
            check_utf8=False, include_columns=wanted, column_types=dict.fromkeys(wanted, pa.binary())
        ),
    )
    return _one_batch(table.rename_columns(list(columns)))


def _parse_json(data: NDArray[np.uint8], columns: Sequence[str]) -> pa.RecordBatch:
    """Return columns of the objects of a block of JSON lines, as strings."""
    schema = pa.schema([pa.field(name, pa.string()) for name in columns])
    table = pyarrow.json.read_json(
        pa.BufferReader(pa.py_buffer(data)),
        pyarrow.json.ReadOptions(block_size=len(data) + 1),
        pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
    )
    return _one_batch(table.select(list(columns)))


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    """Return a table as one batch."""
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)
