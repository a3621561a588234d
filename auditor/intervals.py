"""Compute exact confidence intervals of a rate that was counted: Clopper and Pearson, Biometrika 26 (1934)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

CONFIDENCE = 0.95
# The rate is found by halving the interval between these, by its logarithm, down to the last digit of a float.
_SMALLEST_RATE, _HALVINGS = 1e-30, 60


class Interval(NamedTuple):
    """The ends of a confidence interval of a rate, 0-1."""

    low: float
    high: float


def rate_interval(events: int, trials: int, confidence: float = CONFIDENCE) -> Interval:
    """Return the two-sided Clopper-Pearson interval of a rate.

    Args:
        events: How many of the trials had the event.
        trials: How many independent trials there were.
        confidence: The probability, at least, that an interval computed in this way holds the true rate.

    Raises:
        ValueError: There are more events than trials, or fewer than none.
    """
    if not 0 <= events <= trials:
        raise ValueError(f"{events} events of {trials} trials")
    if 2 * events > trials:
        low, high = rate_interval(trials - events, trials, confidence)
        return Interval(1 - high, 1 - low)
    tail = (1 - confidence) / 2
    # So many events or more have the probability `tail` at the lower end; so few or fewer have it at the upper end.
    low = _rate_of(events - 1, trials, 1 - tail) if events else 0.0
    return Interval(low, _rate_of(events, trials, tail))


def _rate_of(events: int, trials: int, probability: float) -> float:
    """Return a bound of an interval: the rate at which this many events or fewer have this probability (binomial)."""
    if not events:  # 1 - probability^(1/trials), without losing the digits of a small rate
        return -math.expm1(math.log(probability) / trials) if trials else 1.0
    number = np.arange(1, events + 1, dtype=np.float64)
    log_ways = np.concatenate(((0.0,), np.cumsum(np.log((trials - number + 1) / number))))
    counts = np.arange(events + 1, dtype=np.float64)
    low, high = _SMALLEST_RATE, 1.0
    for _ in range(_HALVINGS):
        rate = math.sqrt(low * high)
        total = np.exp(log_ways + counts * math.log(rate) + (trials - counts) * math.log1p(-rate)).sum()
        low, high = (rate, high) if total > probability else (low, rate)
    return high
