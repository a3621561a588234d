"""Define statements that are derived over a whole run, and write them as rows in the schema of facts."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads

from auditor.facts import FACTS_SCHEMA, LOW_MEMORY_SCAN
from auditor.lineage.origins import IN_RUN, Origins
from auditor.model import Kind, Ref

SOURCE = "lineage"
BATCH_ROWS = 50_000
COLUMNS = ("kind", "name", "key", "value", "relation", "remark")


class DerivedStatement(NamedTuple):
    """A statement about a subject. ``revision``: the only revision that it applies to; "": every revision read."""

    kind: Kind
    name: str
    key: str
    value: str
    relation: str
    remark: str
    revision: str = ""


class FactsWriter:
    """Turns derived statements into rows of facts, one for every revision of a subject that was read."""

    def __init__(self, facts: pads.Dataset, origins: Origins = IN_RUN) -> None:
        """Read the revisions of subjects; what is derived of subjects that are not in the run is left out."""
        self.not_in_run = origins.by_subject.keys()
        wanted = pc.field("revision") != ""
        self.revisions: dict[tuple[str, str], set[str]] = {}
        for batch in facts.to_batches(columns=["kind", "name", "revision"], filter=wanted, **LOW_MEMORY_SCAN):
            for kind, name, revision in set(zip(*(column.to_pylist() for column in batch.columns), strict=True)):
                self.revisions.setdefault((kind, name), set()).add(revision)

    def write(self, statements: Iterable[DerivedStatement]) -> Iterator[pa.RecordBatch]:
        """Yield the statements as batches with the schema of facts."""
        remaining = iter(statements)
        while some := list(itertools.islice(remaining, BATCH_ROWS)):
            *columns, revisions = zip(*some, strict=True)
            yield from self.write_table(pa.table(columns, list(COLUMNS)), revisions)

    def write_table(self, table: pa.Table, revisions: Sequence[str] = ()) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a table with :data:`COLUMNS` as batches with the schema of facts.

        Args:
            table: The statements.
            revisions: For each row the only revision that is meant, or ""; (): every revision, for all rows.
        """
        named = zip(table["kind"].to_pylist(), table["name"].to_pylist(), strict=True)
        subjects = list(cast("Iterator[tuple[Kind, str]]", named))
        if self.not_in_run:
            kept = [at for at, subject in enumerate(subjects) if subject not in self.not_in_run]
            table, subjects = table.take(pa.array(kept, pa.int64())), [subjects[at] for at in kept]
            revisions = [revisions[at] for at in kept] if revisions else ()
        if self.revisions or any(revisions):
            chosen = [
                [revisions[at]] if revisions and revisions[at] else sorted(self.revisions.get(subject, {""}))
                for at, subject in enumerate(subjects)
            ]
            positions = [at for at, of_subject in enumerate(chosen) for _ in of_subject]
            row_revisions = [revision for of_subject in chosen for revision in of_subject]
            table = table.take(pa.array(positions, pa.int64()))
            subjects = [subjects[at] for at in positions]
        else:
            row_revisions = [""] * len(subjects)
        buckets = [
            Ref(kind, name, revision).bucket for (kind, name), revision in zip(subjects, row_revisions, strict=True)
        ]
        rows = len(subjects)
        added = {"bucket": pa.array(buckets, pa.uint8()), "revision": pa.array(row_revisions, pa.string())}
        added |= {"uri": pa.repeat("", rows), "source": pa.repeat(SOURCE, rows), "line": pa.repeat(0, rows)}
        arrays = [added[field.name] if field.name in added else table[field.name] for field in FACTS_SCHEMA]
        columns = [array.cast(field.type) for array, field in zip(arrays, FACTS_SCHEMA, strict=True)]
        yield from pa.Table.from_arrays(columns, schema=FACTS_SCHEMA).to_batches(BATCH_ROWS)
