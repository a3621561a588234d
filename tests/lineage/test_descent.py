from __future__ import annotations

from auditor.model import Statement, Subject
from tests.lineage.lineage_facts import dataset, derive_rows, facts, hit, model


def test_data_made_from_data_with_hits_descends_from_it_and_so_does_what_was_trained_on_it() -> None:
    table = facts(dataset("d/pics"), dataset("d/more", sourced_from="d/pics"), model("o/a", trained_on="d/more"))
    found = [row[:4] for row in derive_rows(table, hit("d/pics"))]
    assert found[1:] == [
        ("d/more", "descends", "d/pics", "exposed"),
        ("o/a", "descends", "d/pics", "exposed"),
    ]


def test_descent_from_a_listed_model_is_linked() -> None:
    table = facts(model("o/listed"), model("o/b", "o/listed"))
    found = derive_rows(table, hit("o/listed", kind="model", means="model", list="models", algorithm="sha256"))
    assert [row[:4] for row in found] == [
        ("o/listed", "known_model", "models", "same-weights"),
        ("o/b", "descends", "o/listed", "linked"),
    ]


def test_what_descends_from_a_model_with_the_first_name_is_stated_once() -> None:
    table = facts(dataset("d/pics"), model("a/a", trained_on="d/pics"), model("a/b", "a/a"))
    found = derive_rows(table, hit("d/pics"))
    assert [row[:4] for row in found if row[1] == "descends"] == [("a/b", "descends", "a/a", "exposed")]


def test_of_a_model_trained_on_several_datasets_with_hits_the_first_by_name_is_told() -> None:
    both = Statement("trained_on", "d/more", source="card"), Statement("trained_on", "d/pics", source="card")
    trained = Subject("model", "o/a", "", both)
    table = facts(dataset("d/more"), dataset("d/pics"), trained, model("o/b", "o/a"))
    found = derive_rows(table, hit("d/more", number=2), hit("d/pics"))
    assert [row for row in found if row[1] == "descends"] == [
        (
            "o/b",
            "descends",
            "o/a",
            "exposed",
            "depth 1, by o/a ← o/b; least certain step: card; 2 exact of 120 samples of d/more",
        )
    ]


def test_what_descends_from_withdrawn_data_through_models_is_a_model_or_a_dataset() -> None:
    table = facts(model("o/a", trained_on="laion/laion2B-en"), model("o/b", "o/a"), model("o/c", "o/b"))
    found = [row[:4] for row in derive_rows(table) if row[3] == "descends"]
    assert found == [("o/b", "withdrawn", "laion-5b", "descends"), ("o/c", "withdrawn", "laion-5b", "descends")]
