from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import UsageError
from auditor.pipeline.strata import MAX_VALUES, allocate, find_strata


def test_few_values_are_a_stratum_each_and_others_have_two_of_their_own() -> None:
    strata = find_strata("kind", "", [pa.array(["b", "a", "b"])])
    assert strata.names == ("kind = a", "kind = b", "other values", "without a value")
    assert strata.of(pa.array(["b", "c", "a"])).tolist() == [1, 2, 0]


def test_many_numbers_are_quarters() -> None:
    strata = find_strata("score", "", [pa.array(np.arange(101.0))])
    assert strata.names[:4] == ("score ≤ 25", "25 < score ≤ 50", "50 < score ≤ 75", "score > 75")
    assert strata.of(pa.array([0.0, 25.0, 25.5, 75.0, 1000.0, float("nan")])).tolist() == [0, 0, 1, 2, 3, 4]


def test_descending_bands_are_finer_towards_the_highest_values_which_come_first() -> None:
    strata = find_strata("score", "desc", [pa.array(np.arange(100_001) / 100_000)])
    assert strata.names[:5] == (
        "score > 0.999",
        "0.99 < score ≤ 0.999",
        "0.9 < score ≤ 0.99",
        "0.5 < score ≤ 0.9",
        "score ≤ 0.5",
    )
    assert strata.of(pa.array(["0.9999", "0.95", "0.1"])).tolist() == [0, 2, 4]  # numbers written as text


def test_ascending_bands_are_finer_towards_the_lowest_values_which_come_first() -> None:
    names = find_strata("score", "asc", [pa.array(np.arange(100_001) / 100_000)]).names
    assert names[:5] == (
        "score ≤ 0.001",
        "0.001 < score ≤ 0.01",
        "0.01 < score ≤ 0.1",
        "0.1 < score ≤ 0.5",
        "score > 0.5",
    )


def test_many_texts_are_no_strata() -> None:
    texts = pa.array([f"text {number}" for number in range(MAX_VALUES + 1)])
    with pytest.raises(UsageError, match="--stratify caption: has more than 20 different values that are no numbers"):
        find_strata("caption", "", [texts])


def test_a_column_that_no_table_has_is_refused() -> None:
    with pytest.raises(UsageError, match="--stratify scroe: no table of the targets has values in a column of this"):
        find_strata("scroe", "", [])


@given(st.integers(0, 500), st.lists(st.integers(0, 300), min_size=1, max_size=8))
def test_strata_are_drawn_from_as_equally_as_their_sizes_allow(size: int, units: list[int]) -> None:
    drawn = allocate(size, units)
    assert sum(drawn) == min(size, sum(units))
    assert all(number <= limit for number, limit in zip(drawn, units, strict=True))
    short = [number for number, limit in zip(drawn, units, strict=True) if number < limit]
    if short:  # where a stratum could give more, no other gave more than one above it
        assert max(drawn) <= min(short) + 1


@pytest.mark.filterwarnings("error")
def test_infinite_numbers_are_in_the_outermost_bands() -> None:
    values = pa.array([float("-inf"), *map(float, range(100)), float("inf"), float("inf")])
    strata = find_strata("score", "", [values])
    assert strata.names[:4] == ("score ≤ 24.75", "24.75 < score ≤ 49.5", "49.5 < score ≤ 74.25", "score > 74.25")
    assert strata.of(pa.array([float("-inf"), float("inf"), float("nan")])).tolist() == [0, 3, 4]


def test_a_column_of_infinities_alone_is_refused() -> None:
    with pytest.raises(UsageError, match="different values that are no numbers"):
        find_strata("score", "", [pa.array([f"1e{exponent}" for exponent in range(400, 430)])])


def test_integers_that_no_float_holds_exactly_are_cut_into_bands() -> None:
    values = pa.array([2**62 + (number << 40) for number in range(100)], pa.int64())
    strata = find_strata("id", "", [values])
    assert np.bincount(strata.of(values)).tolist() == [25, 25, 25, 25]
