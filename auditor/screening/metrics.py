"""Count what the screening service answers, in the text format of Prometheus; no content, and no name of a list."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OUTCOMES = ("match", "none", "unchecked")
BUCKET_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class ServiceMetrics:
    """Counts of answers by outcome, of refused requests by status, and of the time that answers took."""

    def __init__(self) -> None:
        self._outcomes: Counter[str] = Counter()
        self._refusals: Counter[int] = Counter()
        self._buckets = [0] * (len(BUCKET_SECONDS) + 1)
        self._seconds = 0.0

    def count_answer(self, outcome: str, seconds: float) -> None:
        """Count an answer, and the seconds from the last byte of its request on."""
        self._outcomes[outcome] += 1
        self._buckets[bisect_left(BUCKET_SECONDS, seconds)] += 1
        self._seconds += seconds

    def count_refusal(self, status: int) -> None:
        """Count a request that was answered with an error."""
        self._refusals[status] += 1

    def text(self, in_progress: int) -> str:
        """Return all counts; ``in_progress`` is the number of pictures that are being received or compared."""
        lines = [
            "# HELP auditor_screenings_total Pictures that were answered, by outcome.",
            "# TYPE auditor_screenings_total counter",
            *(f'auditor_screenings_total{{outcome="{name}"}} {self._outcomes[name]}' for name in OUTCOMES),
            "# HELP auditor_refused_requests_total Requests that were answered with an error, by HTTP status.",
            "# TYPE auditor_refused_requests_total counter",
            *(
                f'auditor_refused_requests_total{{status="{status}"}} {count}'
                for status, count in sorted(self._refusals.items())
            ),
            "# HELP auditor_screenings_in_progress Pictures that are being received or compared.",
            "# TYPE auditor_screenings_in_progress gauge",
            f"auditor_screenings_in_progress {in_progress}",
            "# HELP auditor_screening_seconds Time from the last byte of a request to its answer.",
            "# TYPE auditor_screening_seconds histogram",
        ]
        total = 0
        for bound, count in zip((*map(str, BUCKET_SECONDS), "+Inf"), self._buckets, strict=True):
            total += count
            lines.append(f'auditor_screening_seconds_bucket{{le="{bound}"}} {total}')
        lines += [f"auditor_screening_seconds_sum {self._seconds:.6f}", f"auditor_screening_seconds_count {total}"]
        return "\n".join(lines) + "\n"
