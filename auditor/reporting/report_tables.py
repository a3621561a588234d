"""Findings, gaps and, for those who may see them, hits as tables: each as CSV and as Parquet with the same columns."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from auditor.errors import UsageError
from auditor.pipeline.report import Report
from auditor.printable import csv_cell
from auditor.private_files import keep_new_files_private
from auditor.reporting.redaction import redact
from auditor.reporting.render_options import RenderOptions
from auditor.reporting.restricted_hits import read_restricted_hits

_SUBJECT = ("kind", "subject", "revision")
FINDING_COLUMNS = (
    *_SUBJECT, "rule", "outcome", "severity", "fact", "remark", "relation", "place", "line", "fingerprint",
)  # fmt: skip
GAP_COLUMNS = (*_SUBJECT, "what", "why", "place", "line")
HIT_COLUMNS = (
    *_SUBJECT, "list", "version", "means", "token", "classification", "sample", "place", "row", "algorithm", "distance",
    "variant", "basis",
)  # fmt: skip
_NUMBERS = frozenset(("line", "row", "distance"))
_ROWS_AT_ONCE = 8192

Row = Mapping[str, str | int]


def write_report_tables(report: Report, folder: Path, options: RenderOptions) -> tuple[Path, ...]:
    """Write the tables of a report into a folder, redacted as ``options`` ask, and return the files.

    In CSV, a cell that a spreadsheet would run as a formula begins with an apostrophe; Parquet holds the texts as they
    are. Files are for their owner alone where they hold hits.

    Raises:
        UsageError: The folder cannot be written, or the options contradict each other.
        RunError: The run no longer holds its hits.
    """
    report = redact(report, options)
    tables: dict[str, tuple[Sequence[str], Iterable[Row]]] = {
        "findings": (FINDING_COLUMNS, _finding_rows(report)),
        "gaps": (GAP_COLUMNS, _gap_rows(report)),
    }
    if options.places:
        tables["hits"] = (HIT_COLUMNS, _hit_rows(report))
    written: list[Path] = []
    try:
        with ExitStack() as stack:
            if options.places:
                stack.enter_context(keep_new_files_private())
            folder.mkdir(parents=True, exist_ok=True)
            for name, (columns, rows) in tables.items():
                paths = (folder / f"{name}.csv", folder / f"{name}.parquet")
                for path in paths:
                    path.unlink(missing_ok=True)
                _write_table(*paths, columns, rows)
                written += paths
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written: {error.strerror}; name another folder with --tables") from error
    return tuple(written)


def _write_table(csv_path: Path, parquet_path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write the rows of one table into both files, some thousands at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, pa.int64() if name in _NUMBERS else pa.string()) for name in columns])
    with open(csv_path, "w", encoding="utf-8", newline="") as file, pq.ParquetWriter(parquet_path, schema) as writer:
        table = csv.DictWriter(file, columns, lineterminator="\n")
        table.writeheader()
        rows = iter(rows)
        while chunk := list(islice(rows, _ROWS_AT_ONCE)):
            table.writerows({name: _cell(row[name]) for name in columns} for row in chunk)
            writer.write_batch(pa.RecordBatch.from_pylist([dict(row) for row in chunk], schema))


def _cell(value: str | int) -> str | int:
    """Return a value as a cell of a CSV table."""
    return csv_cell(value) if isinstance(value, str) else value


def _finding_rows(report: Report) -> Iterator[Row]:
    """Yield the findings' rows."""
    for finding in report.findings:
        row = finding._asdict() | {"place": finding.place.uri, "line": finding.place.line}
        yield row | {"fingerprint": finding.fingerprint}


def _gap_rows(report: Report) -> Iterator[Row]:
    """Yield the gaps' rows."""
    for ref, gap in report.gaps:
        subject = zip(_SUBJECT, (ref.kind, ref.name, ref.revision), strict=True)
        yield {**dict(subject), "what": gap.what, "why": gap.why, "place": gap.place.uri, "line": gap.place.line}


def _hit_rows(report: Report) -> Iterator[Row]:
    """Yield the hits' rows: restricted."""
    for hit in read_restricted_hits(report):
        row: dict[str, Any] = asdict(hit)
        yield row | {"subject": row.pop("name")}
