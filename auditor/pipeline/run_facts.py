"""Read the facts of a run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from auditor.pipeline.run_folder import (
    DERIVED,
    FACTS,
    read_run,
)


def read_run_facts(folder: str | os.PathLike[str]) -> Iterator[dict[str, Any]]:
    """Yield a run's facts as mappings, as ``auditor facts`` prints them: in order of shards, derived last."""
    import pyarrow.parquet as pq

    path = Path(folder)
    read_run(path)
    for file in (*sorted((path / FACTS).glob("*.parquet")), *(path / DERIVED).glob("derived.parquet")):
        with pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(4096):
                for row in batch.to_pylist():
                    if row["key"]:
                        yield _fact_to_json(row)


def _fact_to_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of facts as a report's readers get it."""
    fact = {"subject": row["name"], **{key: row[key] for key in ("kind", "revision", "key", "value", "relation")}}
    fact |= {"place": {"uri": row["uri"], "line": row["line"]}, "source": row["source"]}
    return fact | ({"remark": row["remark"]} if row["remark"] else {})
