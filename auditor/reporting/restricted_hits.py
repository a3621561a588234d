"""The matched samples of a run with their places and distances: restricted, for ``report --places`` alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from auditor.errors import RunError
from auditor.pipeline.report import Report
from auditor.samples import EXACT_ALGORITHMS, HITS_SCHEMA


@dataclass(frozen=True, slots=True)
class RestrictedHit:
    """One matched sample and where it is. Never show it but on request, in a report that is marked restricted."""

    kind: str = ""
    name: str = ""
    revision: str = ""
    list: str = ""
    version: str = ""
    means: str = ""
    token: str = ""
    classification: str = ""
    sample: str = ""
    place: str = ""
    row: int = 0
    algorithm: str = ""
    distance: int = 0
    variant: str = ""
    basis: str = ""

    @property
    def nearness(self) -> str:
        """Return how near a restricted hit is: "exact" for equal bytes or addresses, never for a perceptual hash."""
        return "exact" if self.algorithm in EXACT_ALGORITHMS else f"near, distance {self.distance}"


def read_restricted_hits(report: Report) -> Iterator[RestrictedHit]:
    """Yield the run's hits with their places, a batch at a time.

    Raises:
        RunError: The run no longer holds them, or they are damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = (report.restricted or Path("restricted")) / "hits"
    files = sorted(folder.glob("*.parquet"))
    counted = any(number for what, number in report.tally.coverage.items() if what.startswith("hits "))
    if report.restricted is None or not folder.is_dir() or (counted and not files):
        raise RunError(f"{folder}: this run holds no places of matched samples; report without --places")
    for path in files:
        try:
            for batch in pq.ParquetFile(path).iter_batches(columns=HITS_SCHEMA.names):
                for row in batch.to_pylist():
                    yield RestrictedHit(**{key: value for key, value in row.items() if value is not None})
        except (pa.ArrowInvalid, OSError) as error:
            raise RunError(f"{path}: cannot be read ({error}); scan again") from error
