from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from auditor.pipeline.sampled_audit import SampledAudit, Stratum, sampled_audit_from_json, sampled_audit_to_json


def peers_interval(found: int, drawn: int, confidence: float = 0.95) -> tuple[float, float]:
    interval = binomtest(found, drawn).proportion_ci(confidence, method="exact")
    return interval.low, interval.high


def one_stratum(found: int, drawn: int = 3000, units: int = 1_000_000, answered: int | None = None) -> SampledAudit:
    stratum = Stratum("all", units, drawn, drawn if answered is None else answered, {"known": found})
    return SampledAudit("3,000", 7, "", (stratum,))


def test_the_interval_of_a_simple_sample_is_that_of_clopper_and_pearson() -> None:
    assert one_stratum(13).interval("known") == pytest.approx(peers_interval(13, 3000))
    assert one_stratum(0).interval("known") == pytest.approx(peers_interval(0, 3000))
    assert one_stratum(0).interval("another list") == pytest.approx(peers_interval(0, 3000))


def test_what_could_not_be_compared_raises_the_upper_end_alone() -> None:
    whole, partly = one_stratum(13), one_stratum(13, answered=2990)
    assert partly.interval("known").low == whole.interval("known").low
    assert partly.interval("known").high == one_stratum(23).interval("known").high


def test_a_sample_of_everything_is_exact() -> None:
    assert one_stratum(13, drawn=3000, units=3000).interval("known") == (13 / 3000, 13 / 3000)
    assert one_stratum(13, 3000, 3000, answered=2990).interval("known") == (13 / 3000, 23 / 3000)


def test_a_stratum_that_nothing_was_drawn_from_may_hold_anything() -> None:
    assert Stratum("rest", 1000, 0).interval("known") == (0, 1)


def test_strata_count_by_their_size() -> None:
    sampled = SampledAudit(
        "20", 7, "score", (Stratum("high", 100, 10, 10, {"known": 5}), Stratum("low", 900, 10, 10, {"known": 0}))
    )
    assert sampled.rate("known") == pytest.approx(0.05)
    low, high = sampled.interval("known")
    upper, lower = peers_interval(5, 10, 0.975), peers_interval(0, 10, 0.975)
    assert low == pytest.approx(0.1 * upper[0])
    assert high == pytest.approx(0.1 * upper[1] + 0.9 * lower[1])


def test_a_sampled_audit_survives_json() -> None:
    assert sampled_audit_from_json(sampled_audit_to_json(one_stratum(13))) == one_stratum(13)
    assert sampled_audit_from_json(sampled_audit_to_json(None)) is None


def test_a_shared_report_keeps_the_counts_and_no_name_of_the_targets() -> None:
    sampled = SampledAudit("20", 7, "secret column", (Stratum("secret value", 9, 3, 3, {"known": 1}),))
    assert "secret" not in repr(sampled.without_names())
    assert sampled.without_names().found("known") == 1
    assert sampled.without_matches().found("known") == 0


@pytest.mark.parametrize("rates", [(0.001, 0.0001, 0.0), (0.5, 0.02, 0.001)])
def test_intervals_hold_the_true_rate_as_often_as_they_promise(rates: tuple[float, ...]) -> None:
    units, drawn, trials = (1000, 20_000, 100_000), (300, 300, 300), 400
    random = np.random.default_rng(20261130)
    matching = [round(rate * number) for rate, number in zip(rates, units, strict=True)]
    truth = sum(matching) / sum(units)
    held = 0
    for _ in range(trials):
        found = [
            int(random.hypergeometric(hits, number - hits, size))
            for hits, number, size in zip(matching, units, drawn, strict=True)
        ]
        strata = tuple(
            Stratum(str(index), number, size, size, {"known": hits})
            for index, (number, size, hits) in enumerate(zip(units, drawn, found, strict=True))
        )
        low, high = SampledAudit("900", 7, "score", strata).interval("known")
        held += low <= truth <= high
    assert held >= 0.95 * trials
