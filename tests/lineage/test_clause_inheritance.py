from __future__ import annotations

import pytest

from auditor.model import Statement, Subject
from auditor.statement_words import CLAUSE_WORDS
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
    remark = f"o/a {CLAUSE_WORDS[parent]}; o/b {CLAUSE_WORDS[child]}; descent stated as: finetune, card"
    assert derive_rows(table) == ([("o/b", "protection", became, "o/a", remark)] if became else [])


def test_a_dataset_can_drop_the_clause_of_its_source() -> None:
    table = facts(dataset("d/a", clause="explicit"), dataset("d/b", sourced_from="d/a", clause="absent"))
    remark = "d/a prohibits it in its own words; d/b does not prohibit it; descent stated as: sourced-from, card"
    assert derive_rows(table) == [("d/b", "protection", "dropped", "d/a", remark)]


def test_a_dataset_of_the_same_name_and_other_statements_do_not_count_as_the_clause_of_a_model() -> None:
    table = facts(
        dataset("o/a", clause="explicit"),
        model("o/a", clause="absent", tag="explicit"),
        dataset("o/b", clause="absent"),
        model("o/b", "o/a", clause="by-reference"),
    )
    assert [row for row in derive_rows(table) if row[1] == "protection"] == [
        (
            "o/b",
            "protection",
            "added",
            "o/a",
            "o/a does not prohibit it; o/b names a policy that may prohibit it; descent stated as: finetune, card",
        )
    ]


@pytest.mark.parametrize(
    ("parent", "child", "became"),
    [
        ("by-reference", "card-only", "kept"),
        ("card-only", "by-reference", "by-reference"),
        ("explicit", "card-only", "kept"),
        ("by-reference", "absent", "dropped"),
        ("absent", "by-reference", "added"),
    ],
)
def test_only_a_clause_that_is_now_by_reference_alone_is_weaker(parent: str, child: str, became: str) -> None:
    (row,) = derive_rows(facts(model("o/a", clause=parent), model("o/b", "o/a", clause=child)))
    assert row[2] == became


def test_of_several_clauses_the_strongest_counts_and_all_edges_between_two_models_are_told_once() -> None:
    parent = Subject("model", "o/a", "", (Statement("clause", "absent"), Statement("clause", "explicit")))
    stated = (
        Statement("clause", "card-only"),
        Statement("clause", "by-reference"),
        Statement("base_model", "o/a", "finetune", source="card"),
        Statement("base_model", "o/a", "", source="header"),
    )
    assert derive_rows(facts(parent, Subject("model", "o/b", "", stated))) == [
        (
            "o/b",
            "protection",
            "kept",
            "o/a",
            "o/a prohibits it in its own words; o/b prohibits it in the card alone; "
            "descent stated as: base, header and finetune, card",
        )
    ]


def test_a_copy_inherits_no_clause() -> None:
    digest = Statement("artefact", "sha256:" + "ab" * 32, "model.safetensors", source="computed")
    copies = [
        Subject("model", name, "", (digest, Statement("clause", clause)))
        for name, clause in (("o/a", "explicit"), ("o/b", "absent"))
    ]
    assert [row for row in derive_rows(facts(*copies)) if row[1] == "protection"] == []
