from __future__ import annotations

from tests.lineage.lineage_facts import dataset, derive_rows, facts, hit, model


def test_hits_expose_the_model_and_its_descendants_state_depth_and_number_of_samples() -> None:
    table = facts(
        dataset("d/pics"),
        model("o/a", trained_on="datasets/d/pics"),
        model("o/b", "o/a"),
        model("o/c", "o/b"),
        model("o/other"),
    )
    found = derive_rows(table, hit("d/pics", number=2), hit("d/pics", "near", 1))
    count = "2 exact, 1 near of 120 samples"
    assert found == [
        ("d/pics", "known_content", "test-list", "exact", f"{count}; computed from its files"),
        ("d/pics", "known_content", "test-list", "near", f"{count}; computed from its files"),
        ("o/a", "exposed", "d/pics", "exact", f"{count}; list test-list; said by its card"),
        ("o/a", "exposed", "d/pics", "near", f"{count}; list test-list; said by its card"),
        ("o/b", "descends", "o/a", "exposed", f"depth 1, by o/a ← o/b; least certain step: card; {count} of d/pics"),
        (
            "o/c",
            "descends",
            "o/a",
            "exposed",
            f"depth 2, by o/a ← o/b ← o/c; least certain step: card; {count} of d/pics",
        ),
    ]


def test_a_claimed_hit_is_stated_separately_and_exposes_no_descendant() -> None:
    table = facts(
        dataset("d/pics"),
        dataset("d/more", sourced_from="d/pics"),
        model("o/a", trained_on="d/pics"),
        model("o/b", "o/a"),
    )
    remark = "3 exact of 120 samples"
    claimed = ("o/a", "exposed_claim", "d/pics", "exact", f"{remark}; list test-list; said by its card")
    assert derive_rows(table, hit("d/pics", number=3, basis="declared")) == [
        (
            "d/pics",
            "known_content",
            "test-list",
            "claimed-exact",
            f"{remark}; claimed by its manifest, no bytes here",
        ),
        claimed,
    ]
    both = derive_rows(table, hit("d/pics", number=3, basis="declared"), hit("d/pics", "near", 1))
    assert both[:4] == [
        ("d/pics", "known_content", "test-list", "near", "1 near of 120 samples; computed from its files"),
        ("d/pics", "known_content", "test-list", "claimed-exact", f"{remark}; claimed by its manifest"),
        ("o/a", "exposed", "d/pics", "near", "1 near of 120 samples; list test-list; said by its card"),
        claimed,
    ]


def test_a_lead_is_stated_separately_and_exposes_no_model() -> None:
    table = facts(dataset("d/pics"), model("o/a", trained_on="d/pics"), model("o/b", "o/a"))
    remark = "2 near of 120 samples"
    stated = ("d/pics", "known_content_lead", "test-list", "near-thorough", f"{remark}; with common edits undone")
    trained = ("o/a", "exposed_lead", "d/pics", "near", f"{remark}; list test-list; said by its card")
    assert derive_rows(table, hit("d/pics", "near-thorough", 2)) == [stated, trained]
    both = derive_rows(table, hit("d/pics", "near-thorough", 2), hit("d/pics", "exact", 1))
    assert [row for row in both if row[1].endswith("_lead")] == [stated, trained]
    assert ("o/a", "exposed", "d/pics", "exact", "1 exact of 120 samples; list test-list; said by its card") in both


def test_hits_of_lists_with_another_meaning_expose_nothing() -> None:
    table = facts(dataset("d/pics"), model("o/a", trained_on="d/pics"))
    assert derive_rows(table, hit("d/pics", means="benign"), hit("d/pics", means="test")) == []


def test_all_lists_that_hold_samples_of_a_dataset_are_named_and_a_count_of_zero_is_not_stated() -> None:
    table = facts(dataset("d/pics"), model("o/a", trained_on="d/pics"))
    found = derive_rows(table, hit("d/pics", "near", 2, list="b"), hit("d/pics", "near", 3, list="a"))
    assert [row[2:] for row in found if row[1] == "exposed"] == [
        ("d/pics", "near", "3 near of 120 samples; lists a, b; said by its card")
    ]
