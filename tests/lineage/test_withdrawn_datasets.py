from __future__ import annotations

from tests.lineage.lineage_facts import dataset, derive_rows, facts, model


def test_withdrawn_data_is_followed_through_data_made_from_it_and_to_every_descendant() -> None:
    table = facts(
        dataset("laion/laion2B-en"),
        dataset("d/subset", sourced_from="https://huggingface.co/datasets/laion/laion2B-en"),
        model("o/a", trained_on="d/subset"),
        model("o/b", "o/a"),
        model("o/c", trained_on="laion/relaion2B-en-research-safe"),
    )
    path = "depth 1, by laion/laion2B-en ← d/subset; weakest edge: card"
    assert derive_rows(table) == [
        ("laion/laion2B-en", "withdrawn", "laion-5b", "itself", "LAION-5B and its subsets, withdrawn in December 2023"),
        ("d/subset", "withdrawn", "laion-5b", "sourced-from", path),
        ("o/a", "withdrawn", "laion-5b", "trained-on", f"trained on d/subset, says its card; {path}"),
        (
            "o/b",
            "withdrawn",
            "laion-5b",
            "descends",
            f"depth 1, by o/a ← o/b; weakest edge: card; o/a was trained on d/subset, says its card; {path}",
        ),
    ]
