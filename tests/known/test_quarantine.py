"""Entries that match too many unrelated samples are quarantined; those that match copies are not."""

from __future__ import annotations

import pyarrow as pa
import pytest

from auditor.known.quarantine import QuarantinedEntry, quarantine_entries
from auditor.samples import HITS_SCHEMA


def near_hits(*distances: int, token: str = "t", algorithm: str = "pdq") -> pa.RecordBatch:
    rows = [
        {
            "list": "hills",
            "version": "1",
            "token": token,
            "sample": str(n),
            "algorithm": algorithm,
            "distance": distance,
        }
        for n, distance in enumerate(distances)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=HITS_SCHEMA)


def test_an_entry_that_nearly_matches_many_unrelated_samples_is_quarantined() -> None:
    table = pa.Table.from_batches([near_hits(*[31, 30, 28] * 7, 0), near_hits(30, 31, token="u")])
    found, rows = quarantine_entries(table, 1000)
    assert found == (QuarantinedEntry("hills", "1", "t", 21),)
    assert rows.tolist() == [True] * 21 + [False] * 3


@pytest.mark.parametrize(
    ("distances", "samples", "why"),
    [
        ([30] * 20, 100, "few"),
        ([30] * 40, 4000, "no more than one in a hundred"),
        ([3, 12, 18, 25] * 30, 500, "copies of one picture lie at every distance"),
        ([30] * 40 + [15] * 4, 500, "a tenth as many within half the threshold"),
        ([15] * 200, 500, "none beyond half the threshold"),
        ([0] * 200, 500, "exact"),
    ],
)
def test_an_entry_that_matches_copies_is_believed(distances: list[int], samples: int, why: str) -> None:
    found, rows = quarantine_entries(near_hits(*distances), samples)
    assert found == (), why
    assert not rows.any()


@pytest.mark.parametrize(
    ("distances", "samples", "far"),
    [([30] * 41, 4000, 41), ([30] * 41 + [15] * 4, 500, 41), ([16] * 21, 500, 21)],
    ids=["more than one in a hundred", "less than a tenth as many within half the threshold", "just beyond half of it"],
)
def test_an_entry_just_beyond_a_limit_is_quarantined(distances: list[int], samples: int, far: int) -> None:
    found, _ = quarantine_entries(near_hits(*distances), samples)
    assert found == (QuarantinedEntry("hills", "1", "t", far),)


@pytest.mark.parametrize("algorithm", ["phash-64", "dhash-64"])
def test_half_the_threshold_of_a_64_bit_hash_is_8_bits(algorithm: str) -> None:
    assert quarantine_entries(near_hits(*[8] * 30, algorithm=algorithm), 500)[0] == ()
    assert quarantine_entries(near_hits(*[9] * 30, algorithm=algorithm), 500)[0] == (
        QuarantinedEntry("hills", "1", "t", 30),
    )


def test_of_a_quarantined_entry_only_equal_hashes_count() -> None:
    _, rows = quarantine_entries(near_hits(*[31] * 41, 0, 1, 2), 500)
    assert rows.tolist() == [True] * 41 + [False, True, True]
