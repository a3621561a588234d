from __future__ import annotations

from auditor.facts import FACTS_SCHEMA
from tests.lineage.lineage_facts import derive_rows


def test_no_facts_derive_no_statements() -> None:
    assert derive_rows(FACTS_SCHEMA.empty_table()) == []
