"""Read what is stated of a report's models and datasets, in bounded memory."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable
from itertools import chain
from typing import TYPE_CHECKING

from auditor.errors import RunError
from auditor.model import Ref, Subject
from auditor.pipeline.report import Report

if TYPE_CHECKING:
    import pyarrow as pa


def read_stated_subjects(report: Report, keys: Collection[str], limit: int) -> tuple[tuple[Subject, ...], int]:
    """Return the first models and datasets of a report, in order, with the statements under ``keys``.

    Without facts, as in a shared report, they are those that findings and gaps name, and nothing is stated of them.

    Returns:
        At most ``limit`` subjects, and how many more there are.

    Raises:
        RunError: The run is damaged.
    """
    total = sum(report.subjects.get(kind, 0) for kind in ("model", "dataset"))
    if report.facts is None or not (files := sorted(map(str, report.facts.glob("*.parquet")))):
        named = chain((one.ref for one in report.findings), (ref for ref, _ in report.gaps))
        refs = _first((ref for ref in named if ref.kind in ("model", "dataset")), limit)
        return tuple(Subject(ref.kind, ref.name, ref.revision) for ref in refs), max(total - len(refs), 0)
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.dataset as pads

    from auditor.facts import FACTS_SCHEMA, LOW_MEMORY_SCAN, subjects_from_rows

    facts = pads.dataset(files, schema=FACTS_SCHEMA, format="parquet")
    is_subject = pc.field("kind").isin(["model", "dataset"])
    columns = ["kind", "name", "revision"]
    try:
        batches = facts.to_batches(columns=columns, filter=is_subject, **LOW_MEMORY_SCAN)
        refs = _first(chain.from_iterable(map(_distinct_refs, batches)), limit)
        names = pa.array(sorted({ref.name for ref in refs}), pa.string())
        wanted = is_subject & pc.field("key").isin(sorted(keys)) & pc.field("name").isin(names)
        stated = {subject.ref: subject for subject in subjects_from_rows(facts.to_table(filter=wanted))}
    except (pa.ArrowInvalid, OSError) as error:
        raise RunError(f"{report.facts}: cannot be read ({error}); scan again") from error
    subjects = tuple(stated.get(ref) or Subject(ref.kind, ref.name, ref.revision) for ref in refs)
    return subjects, max(total - len(refs), 0)


def _distinct_refs(batch: pa.RecordBatch) -> set[Ref]:
    """Return the subjects of a batch of facts."""
    return {Ref(*cells) for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True)}


def _first(refs: Iterable[Ref], limit: int) -> list[Ref]:
    """Return the first ``limit`` subjects in order, each once; memory is bounded by the limit."""
    kept: set[Ref] = set()
    for ref in refs:
        kept.add(ref)
        if len(kept) > 2 * limit:
            kept = set(heapq.nsmallest(limit, kept))
    return heapq.nsmallest(limit, kept)
