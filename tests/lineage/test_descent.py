from __future__ import annotations

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
