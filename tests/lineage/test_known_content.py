"""Hits on lists of known content, counted for each dataset and stated for each subject and list."""

from __future__ import annotations

import pyarrow as pa

from auditor.lineage.known_content import DatasetHits, count_dataset_hits, known_content_statements
from tests.lineage.lineage_facts import HITS_SCHEMA, hit


def table(*hits: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(hits), HITS_SCHEMA)


def test_a_dataset_counts_the_greatest_of_any_one_list_by_relation() -> None:
    hits = table(
        hit("d/pics", number=2, list="b", samples=100),
        hit("d/pics", number=3, list="b", samples=None),
        hit("d/pics", number=4, list="a", samples=120),
        hit("d/pics", "near", 7, list="a", samples=90),
        hit("d/pics", "near", 6, list="b", samples=90),
    )
    assert count_dataset_hits(hits, "computed") == {"d/pics": DatasetHits(5, 7, 120, ("a", "b"))}


def test_only_hits_of_datasets_with_this_basis_on_lists_that_mean_csam_are_counted() -> None:
    hits = table(
        hit("d/two"),
        hit("d/one", samples=None),
        hit("d/empty", samples=0),
        hit("d/other-meaning", means="benign"),
        hit("d/claimed", basis="declared"),
        hit("o/model", kind="model"),
    )
    assert count_dataset_hits(hits, "computed") == {
        "d/empty": DatasetHits(1, 0, 0, ("test-list",)),
        "d/one": DatasetHits(1, 0, None, ("test-list",)),
        "d/two": DatasetHits(1, 0, 120, ("test-list",)),
    }
    assert list(count_dataset_hits(hits, "declared")) == ["d/claimed"]


def test_counts_are_written_with_their_words_and_without_those_that_are_zero() -> None:
    assert str(DatasetHits(1200, 0, 34000, ())) == "1,200 exact of 34,000 samples"
    assert str(DatasetHits(0, 1, 0, ())) == "1 near of 0 samples"
    assert str(DatasetHits(0, 0, None, ())) == "none, number of samples unknown"


def remarks(*hits: dict[str, object]) -> list[tuple[str, str, str, str]]:
    return [
        (found.revision, found.value, found.relation, found.remark) for found in known_content_statements(table(*hits))
    ]


def test_what_a_manifest_claims_beside_computed_hits_is_not_said_to_be_without_bytes() -> None:
    computed = "1 exact, 1 near of 120 samples"
    assert remarks(hit("d/pics"), hit("d/pics", "near"), hit("d/pics", "near", 3, basis="declared")) == [
        ("", "test-list", "exact", f"{computed}; computed from its files"),
        ("", "test-list", "near", f"{computed}; computed from its files"),
        ("", "test-list", "claimed-near", "3 near of 120 samples; claimed by its manifest"),
    ]
    assert remarks(hit("d/pics", "near", 3, basis="declared", samples=None)) == [
        (
            "",
            "test-list",
            "claimed-near",
            "3 near, number of samples unknown; claimed by its manifest, no bytes here",
        ),
    ]


def test_hits_are_added_up_within_a_revision_and_list_and_never_beyond() -> None:
    hits = (
        hit("d/pics", number=2, revision="r1", samples=None),
        hit("d/pics", number=3, revision="r1", samples=50),
        hit("d/pics", number=4, revision="r1", list="other"),
        hit("d/pics", number=5, revision="r2"),
        hit("d/pics", number=6, revision="r2", means="exploitative"),
    )
    assert remarks(*hits) == [
        ("r1", "other", "exact", "4 exact of 120 samples; computed from its files"),
        ("r1", "test-list", "exact", "5 exact of 50 samples; computed from its files"),
        ("r2", "test-list", "exact", "5 exact of 120 samples; computed from its files"),
    ]
