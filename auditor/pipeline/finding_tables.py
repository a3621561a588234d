"""The tables in which a run keeps its findings and gaps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from auditor.model import (
    Finding,
    Place,
)

# Rows are sorted by their cells in this order.
FINDING_COLUMNS = (
    "kind", "subject", "revision", "rule", "fact", "outcome", "severity", "uri", "line", "remark", "relation",
)  # fmt: skip
GAP_COLUMNS = ("kind", "subject", "revision", "what", "why", "uri", "line")


def write_finding_table(rows: Sequence[tuple[object, ...]], columns: Sequence[str], path: Path) -> None:
    """Write findings or gaps of an evaluation as a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(column, pa.int64() if column == "line" else pa.string()) for column in columns])
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    arrays = [pa.array(c, field.type) for c, field in zip(cells, schema, strict=True)]
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), path, compression="zstd")


def finding_from_row(cells: tuple[Any, ...]) -> Finding:
    """Return the finding that a row of ``findings/*.parquet`` holds; ``cells`` are in the order of FINDING_COLUMNS."""
    kind, subject, revision, rule, fact, outcome, severity, uri, line, remark, relation = cells
    return Finding(rule, kind, subject, revision, outcome, severity, fact, Place(uri, line), remark, relation)
