from __future__ import annotations

import pyarrow as pa

from auditor.lineage.derive_statements import derive_statements
from auditor.lineage.edges import collect_edges
from auditor.model import Subject
from tests.lineage.lineage_facts import HITS_SCHEMA, VOCABULARIES, dataset, facts, hit, model


def test_statements_reach_every_revision() -> None:
    table = facts(dataset("d/p"), *(model("o/a", revision=revision, trained_on="d/p") for revision in ("r1", "r2")))
    batches = derive_statements(
        table, pa.Table.from_pylist([hit("d/p")], HITS_SCHEMA), collect_edges(table, VOCABULARIES.renamed), VOCABULARIES
    )
    found = [(r["name"], r["revision"], r["key"], r["bucket"]) for batch in batches for r in batch.to_pylist()]
    assert [row[:3] for row in found[1:]] == [("o/a", "r1", "exposed"), ("o/a", "r2", "exposed")]
    assert [row[3] for row in found[1:]] == [Subject("model", "o/a", revision).ref.bucket for revision in ("r1", "r2")]
