"""Confidence intervals of rates are those that were published."""

from __future__ import annotations

import math

import pytest

from auditor.intervals import CONFIDENCE, rate_interval


@pytest.mark.parametrize(
    ("events", "trials", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), table I, method 5 (Clopper-Pearson)
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0, 0.1684),
        (1, 29, 0.0009, 0.1776),
    ],
)
def test_the_interval_is_that_of_published_tables(events: int, trials: int, low: float, high: float) -> None:
    assert rate_interval(events, trials) == pytest.approx((low, high), abs=0.00006)


@pytest.mark.parametrize(("events", "trials"), [(0, 20), (1, 29), (15, 148), (81, 263)])
def test_the_interval_of_what_did_not_happen_mirrors_that_of_what_did(events: int, trials: int) -> None:
    low, high = rate_interval(events, trials)
    assert rate_interval(trials - events, trials) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@pytest.mark.parametrize(("trials", "confidence"), [(10, 0.95), (10**13, 0.95), (400, 0.99)])
def test_where_nothing_was_found_the_upper_end_is_the_closed_form(trials: int, confidence: float) -> None:
    low, high = rate_interval(0, trials, confidence)
    assert low == 0
    assert high == pytest.approx(-math.log((1 - confidence) / 2) / trials, rel=0.2 if trials < 100 else 0.01)
    assert (1 - high) ** trials == pytest.approx((1 - confidence) / 2, rel=0.01)


def test_few_events_of_very_many_trials_have_the_limits_of_a_poisson_count() -> None:
    # Garwood, Biometrika 28 (1936): 95 % limits of a count of 5 are 1.62 and 11.67, of 100 are 81.36 and 121.63.
    for events, least, most in ((5, 1.62, 11.67), (100, 81.36, 121.63)):
        low, high = rate_interval(events, 10**13)
        assert (low * 1e13, high * 1e13) == pytest.approx((least, most), abs=0.006)


def test_confidence_is_95_percent_by_default() -> None:
    assert CONFIDENCE == 0.95
    assert rate_interval(3, 50) == rate_interval(3, 50, 0.95)


@pytest.mark.parametrize(("events", "trials"), [(-1, 5), (6, 5)])
def test_impossible_counts_are_refused(events: int, trials: int) -> None:
    with pytest.raises(ValueError, match=f"{events} events of {trials} trials"):
        rate_interval(events, trials)
