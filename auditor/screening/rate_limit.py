"""Limit how often each caller may ask: whoever asks often enough, with small changes, can search for a listed hash."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class _Bucket:
    """The requests that a caller may send at once, and when that was counted."""

    left: float
    counted: float


class RateLimit:
    """Token buckets: a caller may send ``rate`` requests a second, and so many at once after a pause of a second."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._clock = rate, clock
        self._buckets: dict[int, _Bucket] = {}

    def seconds_to_wait(self, caller: int) -> float:
        """Count a request; return 0, or the seconds after which it may be sent again."""
        now, most = self._clock(), max(1.0, self._rate)
        bucket = self._buckets.setdefault(caller, _Bucket(most, now))
        bucket.left = min(most, bucket.left + (now - bucket.counted) * self._rate)
        bucket.counted = now
        if bucket.left < 1:
            return (1 - bucket.left) / self._rate
        bucket.left -= 1
        return 0.0
