"""A check survives casts to 16 bits and shows every other change."""

from __future__ import annotations

import numpy as np
import pytest

from auditor.hashing.weight_checks import agreeing_checks, check_values
from tests.weights import bfloat16

RANDOM = np.random.default_rng(3)


def agree(left: np.ndarray, right: np.ndarray) -> bool:
    one, other = (check_values(values[None].astype(np.float32)) for values in (left, right))
    assert agreeing_checks(one, other)[0, 0] == agreeing_checks(other, one)[0, 0]
    return bool(agreeing_checks(one, other)[0, 0])


def from_bfloat16(values: np.ndarray) -> np.ndarray:
    return (bfloat16(values).astype(np.uint32) << 16).view(np.float32)


@pytest.mark.parametrize("count", [1, 2, 15, 16, 64, 384, 2048])
@pytest.mark.parametrize("mean", [0.0, 1.0, -3.0])
def test_casts_to_16_bits_agree_and_scaling_by_one_percent_does_not(count: int, mean: float) -> None:
    for _ in range(50):
        values = (RANDOM.normal(size=count) + mean).astype(np.float32)
        assert agree(values, values.astype(np.float16))
        assert agree(values, from_bfloat16(values))
        assert not agree(values, 1.01 * values)
        assert not agree(values, -values)


def test_other_values_another_order_and_one_value_more_do_not_agree() -> None:
    values = RANDOM.normal(size=512)
    assert not agree(values, RANDOM.normal(size=512))
    assert not agree(values, values[::-1])
    assert not agree(values, np.append(values[:-1], values[-1] + 1))


def test_the_distance_that_a_cast_may_make_is_pinned() -> None:
    one = np.zeros(1, np.float32) + 1
    assert agree(one, one * (1 + 0.00412))
    assert not agree(one, one * (1 + 0.00419))
    assert agree(0 * one, 0 * one + 2**-25)
    assert not agree(0 * one, 0 * one + 2**-24)


def test_numbers_that_are_not_finite_agree_only_with_the_same_ones() -> None:
    values = RANDOM.normal(size=64)
    infinite, missing = values.copy(), values.copy()
    infinite[5], missing[5] = np.inf, np.nan
    assert agree(infinite, infinite)
    assert agree(missing, missing)
    assert not agree(infinite, missing)
    assert not agree(infinite, values)
    assert agree(np.array([-np.inf]), np.array([-np.inf]))
    assert not agree(np.array([-np.inf]), np.array([np.inf]))
