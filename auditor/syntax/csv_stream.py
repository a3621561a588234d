"""Read CSV and its variants as a stream of column batches: any delimiter, and rows of any number of cells."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from auditor.errors import Unreadable
from auditor.syntax.sample_hints import may_hold_samples

BLOCK_BYTES = 1 << 23  # bytes that are parsed at once; a row must fit
ROWS = 1 << 16
# Excel's line before the header, which names the delimiter. It is no part of any CSV standard.
_SEPARATOR_LINE = re.compile(r'"?sep=([,;|\t])"?\r?\n', re.I)


@dataclass(frozen=True, slots=True)
class CsvHeader:
    """The first row of a table, and how to parse the rest. ``skip`` is the number of lines before the first row."""

    cells: tuple[str, ...]
    delimiter: str
    skip: int


@dataclass(frozen=True, slots=True)
class CsvBlock:
    """Some rows of a table.

    ``numbers`` are the row numbers, from 1. ``cells`` are ``binary`` columns named by their index. ``ragged`` lists the
    rows, as (row number, number of cells), whose number of cells differs from the header's; they are not in ``cells``.
    ``ragged_may_hold`` is whether the text of each of these may hold an address, a digest or a picture.
    """

    numbers: NDArray[np.int64]
    cells: pa.RecordBatch
    ragged: tuple[tuple[int, int], ...] = ()
    ragged_may_hold: tuple[bool, ...] = ()


def parse_csv_header(text: str, comment: str = "") -> CsvHeader:
    """Parse the first row of a CSV from the beginning of its text.

    Blank lines, lines that begin with ``comment`` and Excel's line ``sep=;``, which names the delimiter, are skipped.
    """
    skip = 0
    rest = text.lstrip("\ufeff")
    named = _SEPARATOR_LINE.match(rest)
    if named:
        skip, rest = 1, rest[named.end() :]
    while rest:
        line, newline, after = rest.partition("\n")
        if line.strip() and not (comment and line.startswith(comment)):
            break
        skip, rest = skip + bool(newline), after
    first = rest.split("\n", 1)[0]
    delimiter = named[1] if named else max(",\t;|", key=first.count)
    try:
        cells = next(csv.reader(io.StringIO(rest, newline=""), delimiter=delimiter), [])
    except csv.Error:
        cells = first.split(delimiter)
    return CsvHeader(tuple(cell.strip() for cell in cells), delimiter, skip)


def iter_csv_blocks(
    stream: pa.NativeFile, header: CsvHeader, columns: Sequence[int], has_header: bool = True
) -> Iterator[CsvBlock]:
    """Yield the selected columns of all rows of a CSV, in order.

    Args:
        stream: The table as UTF-8.
        header: Its first row.
        columns: The indexes of the columns to read.
        has_header: The first row is a header and not data.

    Raises:
        Unreadable: A row is longer than :data:`BLOCK_BYTES`, or a quote is never closed.
    """
    skip = header.skip + (1 + sum(cell.count("\n") for cell in header.cells) if has_header else 0)
    ids = [str(index) for index in range(max(1, len(header.cells)))]
    names = [ids[index] for index in columns] or ids[:1]
    ragged: list[tuple[int, int]] = []
    may_hold: list[bool] = []

    def note(row: Any) -> Literal["skip"]:
        ragged.append((row.number - skip, row.actual_columns))
        may_hold.append(may_hold_samples(row.text.encode("utf-8", "surrogateescape")))
        return "skip"

    good = reported = 0
    try:
        reader = pyarrow.csv.open_csv(
            stream,
            pyarrow.csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES, column_names=ids, skip_rows=skip),
            pyarrow.csv.ParseOptions(delimiter=header.delimiter, newlines_in_values=True, invalid_row_handler=note),
            # As bytes, so that types are not guessed: a key stays text even if it is all digits.
            pyarrow.csv.ConvertOptions(
                check_utf8=False, include_columns=names, column_types=dict.fromkeys(names, pa.binary())
            ),
        )
        for batch in reader:
            numbers = _row_numbers(good, batch.num_rows, [number for number, _ in ragged])
            good += batch.num_rows
            yield CsvBlock(numbers, batch, tuple(ragged[reported:]), tuple(may_hold[reported:]))
            reported = len(ragged)
    except pa.ArrowInvalid as error:
        if "straddling" in str(error) or "CSV parser got out of sync" in str(error):
            raise Unreadable(f"a row is longer than {BLOCK_BYTES:,} bytes, or a quote is never closed") from error
        if "Empty CSV" in str(error):
            return
        raise Unreadable(" ".join(str(error).split())[:160]) from error
    if ragged[reported:]:
        nothing = pa.RecordBatch.from_arrays([pa.array([], pa.binary()) for _ in names], names)
        yield CsvBlock(np.zeros(0, np.int64), nothing, tuple(ragged[reported:]), tuple(may_hold[reported:]))


def _row_numbers(good: int, count: int, ragged: list[int]) -> NDArray[np.int64]:
    """Return numbers of ``count`` well-formed CSV rows after ``good`` others, with the ragged rows counted."""
    ordinals = np.arange(good, good + count)
    if not ragged:
        return ordinals + 1
    before = np.asarray(ragged) - 1 - np.arange(len(ragged))  # well-formed rows before each ragged one
    return ordinals + 1 + np.searchsorted(before, ordinals, side="right")
