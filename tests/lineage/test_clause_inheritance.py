from __future__ import annotations

import pytest

from tests.lineage.lineage_facts import dataset, derive_rows, facts, model


@pytest.mark.parametrize(
    ("parent", "child", "became"),
    [
        ("explicit", "explicit", "kept"),
        ("explicit", "absent", "dropped"),
        ("explicit", "by-reference", "by-reference"),
        ("by-reference", "by-reference", "kept"),
        ("absent", "explicit", "added"),
        ("absent", "absent", None),
    ],
)
def test_the_change_of_the_clause_is_stated_for_each_edge(parent: str, child: str, became: str | None) -> None:
    table = facts(model("o/a", clause=parent), model("o/b", "o/a", clause=child), model("o/c", "o/a"))
    remark = f"o/a: {parent}; o/b: {child}; edge: finetune, card"
    assert derive_rows(table) == ([("o/b", "protection", became, "o/a", remark)] if became else [])


def test_a_dataset_can_drop_the_clause_of_its_source() -> None:
    table = facts(dataset("d/a", clause="explicit"), dataset("d/b", sourced_from="d/a", clause="absent"))
    remark = "d/a: explicit; d/b: absent; edge: sourced-from, card"
    assert derive_rows(table) == [("d/b", "protection", "dropped", "d/a", remark)]
