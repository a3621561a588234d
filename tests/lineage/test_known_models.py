from __future__ import annotations

from tests.lineage.lineage_facts import derive_rows, facts, hit, model


def test_a_listed_digest_that_a_model_only_declares_is_a_lead_without_descendants() -> None:
    table = facts(model("o/pointer"), model("o/b", "o/pointer"))
    listed = {"kind": "model", "means": "model", "list": "models", "basis": "declared", "algorithm": "sha256"}
    assert [row[:4] for row in derive_rows(table, hit("o/pointer", **listed))] == [
        ("o/pointer", "known_model", "models", "claimed-weights")
    ]


def test_a_name_on_a_list_of_models_is_a_lead_without_descendants() -> None:
    table = facts(model("o/listed"), model("o/b", "o/listed"))
    found = derive_rows(table, hit("o/listed", "near", kind="model", means="model", list="models", algorithm="name"))
    assert [row[:4] for row in found] == [("o/listed", "known_model", "models", "name")]
