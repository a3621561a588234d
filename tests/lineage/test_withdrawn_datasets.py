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
    path = "depth 1, by laion/laion2B-en ← d/subset; least certain step: card"
    assert derive_rows(table) == [
        ("laion/laion2B-en", "withdrawn", "laion-5b", "itself", "LAION-5B and its subsets, withdrawn in December 2023"),
        ("d/subset", "withdrawn", "laion-5b", "sourced-from", path),
        ("o/a", "withdrawn", "laion-5b", "trained-on", f"trained on d/subset, says its card; {path}"),
        (
            "o/b",
            "withdrawn",
            "laion-5b",
            "descends",
            f"depth 1, by o/a ← o/b; least certain step: card; o/a was trained on d/subset, says its card; {path}",
        ),
    ]


def test_withdrawn_data_that_nothing_is_made_from_is_stated_once() -> None:
    title = "LAION-5B and its subsets, withdrawn in December 2023"
    found = derive_rows(facts(dataset("laion/laion2B-en", sourced_from="d/pages"), model("o/a", trained_on="d/other")))
    assert found == [("laion/laion2B-en", "withdrawn", "laion-5b", "itself", title)]


def test_a_model_trained_on_the_withdrawn_data_itself_is_stated_without_a_path() -> None:
    found = derive_rows(facts(model("laion/laion2B-en"), model("o/a", trained_on="laion/laion2B-en")))
    assert found == [("o/a", "withdrawn", "laion-5b", "trained-on", "trained on laion/laion2B-en, says its card")]


def test_only_data_made_from_withdrawn_data_is_followed_and_each_withdrawal_by_itself() -> None:
    table = facts(
        dataset("d/nude", sourced_from="NudeNet"),
        dataset("d/pics", sourced_from="laion/laion2B-en"),
        dataset("d/more", sourced_from="d/pics"),
        model("o/a", trained_on="d/more"),
    )
    path = "depth 2, by laion/laion2B-en ← d/pics ← d/more; least certain step: card"
    found = derive_rows(table)
    assert [(row[0], row[3]) for row in found if row[2] == "nudenet"] == [("d/nude", "sourced-from")]
    laion = [row for row in found if row[2] == "laion-5b"]
    assert [(row[0], row[3]) for row in laion] == [
        ("d/pics", "sourced-from"),
        ("d/more", "sourced-from"),
        ("o/a", "trained-on"),
    ]
    assert laion[1][4] == path
    assert laion[2][4] == f"trained on d/more, says its card; {path}"
