from __future__ import annotations

import pytest

from auditor.errors import UsageError
from auditor.pipeline.sample_design import SampleDesign, parse_design


@pytest.mark.parametrize(
    ("sample", "size", "share"), [("3000", 3000, 0), ("3_000", 3000, 0), ("0.5%", 0, 0.005), ("100 %", 0, 1)]
)
def test_a_number_is_a_size_and_percent_a_share(sample: str, size: int, share: float) -> None:
    assert parse_design(sample, "", 7, {}) == SampleDesign(size, share, "", "", 7)


@pytest.mark.parametrize("sample", ["0", "0%", "101%", "many", "-3", "1.5", "5 percent"])
def test_other_texts_are_refused_with_both_forms(sample: str) -> None:
    with pytest.raises(UsageError, match=r"is neither a number of samples \(3000\) nor a share \(0.5%\)"):
        parse_design(sample, "", 7, {})


@pytest.mark.parametrize(
    ("stratify", "column", "order"),
    [("score", "score", ""), ("score:desc", "score", "desc"), ("a:asc", "a", "asc"), ("a:b", "a:b", "")],
)
def test_the_order_of_strata_follows_the_last_colon(stratify: str, column: str, order: str) -> None:
    design = parse_design("10", stratify, 7, {})
    assert design is not None
    assert (design.column, design.order) == (column, order)


def test_an_order_without_a_column_is_refused() -> None:
    with pytest.raises(UsageError, match="--stratify :desc: names no column; write COLUMN:desc"):
        parse_design("10", ":desc", 7, {})


def test_strata_and_a_seed_without_a_sample_are_refused() -> None:
    for stratify, seed in (("score", None), ("", 7)):
        with pytest.raises(UsageError, match="belong to a sample; say how much to draw with --sample"):
            parse_design("", stratify, seed, {})


def test_a_run_that_goes_on_keeps_its_seed_unless_another_is_given() -> None:
    begun = {"seed": 123}
    assert [parse_design("5", "", seed, begun).seed for seed in (None, 9)] == [123, 9]  # type: ignore[union-attr]


def test_without_a_seed_each_run_draws_anew() -> None:
    seeds = {parse_design("5", "", None, {}).seed for _ in range(8)}  # type: ignore[union-attr]
    assert len(seeds) > 1
