"""Blocks of rows: what decides them is the same for everyone, and none has too few rows."""

from __future__ import annotations

import numpy as np
import pytest

from auditor.sample_exchange import blocks


def splitmix64_finaliser(word: int) -> int:
    """Return the published finaliser of splitmix64, in plain whole numbers."""
    mask = (1 << 64) - 1
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & mask
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & mask
    return word ^ (word >> 31)


def test_the_public_hash_never_changes() -> None:
    """Answers of different holders and years must have the same blocks."""
    rows = np.array([list(range(16)), [255] * 16, [0] * 16], np.uint8)
    expected = [
        splitmix64_finaliser(int.from_bytes(row[:8]) ^ splitmix64_finaliser(int.from_bytes(row[8:])))
        for row in (bytes(one) for one in rows.tolist())
    ]
    assert blocks.row_hashes(rows).tolist() == expected


@pytest.mark.parametrize(
    ("histogram", "bits"),
    [
        ([1000, 1000, 1000, 1000], 2),
        ([999, 1001, 1000, 1000], 1),
        ([400, 400, 1000, 1000], 0),
        ([300, 300, 300, 99], -1),
        ([1000], 0),
        ([999], -1),
    ],
)
def test_a_block_has_as_many_bits_as_leave_every_block_1000_rows(histogram: list[int], bits: int) -> None:
    assert blocks.block_bits(np.array(histogram)) == bits


def test_the_numbers_that_decide() -> None:
    assert blocks.MIN_BLOCK_ROWS == 1_000
    assert blocks.MIN_DATASET_ROWS == 100_000
    assert blocks.MAX_REMOVED_SHARE == 0.5


def test_ranges_hold_the_hashes_of_their_blocks_alone() -> None:
    ranges = blocks.hash_ranges({2: [1], 4: [6, 15]}, [0])  # 6 of 4 bits lies in 1 of 2 bits
    inside = [0, 1 << 62, (1 << 63) - 1, (1 << 64) - 1, 0xF << 60]
    outside = [1, (1 << 62) - 1, 1 << 63, (0xF << 60) - 1]
    assert ranges.contain(np.array(inside, np.uint64)).all()
    assert not ranges.contain(np.array(outside, np.uint64)).any()
    assert blocks.hash_ranges({0: [0]}).contain(np.array(inside + outside, np.uint64)).all()
    assert not blocks.hash_ranges({}).contain(np.array(inside, np.uint64)).any()


def test_two_billion_rows_have_blocks_of_at_least_a_thousand() -> None:
    assert blocks.useful_bits(2_000_000_000) == 20
    assert blocks.useful_bits(999) == 0
    assert blocks.useful_bits(10**12) == blocks.MAX_BITS
