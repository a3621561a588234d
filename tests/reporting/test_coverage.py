"""What a report says of coverage: what was compared, what was not, and which lists were missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from auditor.model import Count, Tally
from auditor.pipeline.policy_summary import ListSummary
from auditor.pipeline.report import Report
from auditor.reporting.coverage import (
    chance_matches,
    coverage_counts,
    missing_lists,
    nothing_read_or_compared,
    uncompared_weights,
)

UNCOMPARED = "weights not compared with the fingerprints of list "


def with_coverage(report: Report, coverage: Mapping[str, int]) -> Report:
    return replace(report, tally=replace(report.tally, coverage=coverage))


def with_lists(report: Report, *means: str) -> Report:
    lists = tuple(ListSummary(f"l-{each}", "1", each, 12, "c0" * 32, "") for each in means)
    return replace(report, policy=replace(report.policy, lists=lists))


def test_counts_are_sorted_and_those_that_have_a_sentence_are_left_out(report: Report) -> None:
    counted = {
        "unmatchable: no quality": 2,
        "compared by pdq": 3,
        f"{UNCOMPARED}a": 4,
        "decoys met by chance: a": 5,
        "compared with decoys: a": 6,
    }
    assert coverage_counts(with_coverage(report, counted)) == (
        ("pictures were not compared by PDQ, because their detail is not known", 2),
    )


def test_each_list_of_models_whose_fingerprints_were_not_compared_has_a_sentence(report: Report) -> None:
    counted = {"compared by pdq": 3, f"{UNCOMPARED}b": 1200, f"{UNCOMPARED}a": 1}
    rest = (
        "of weights not compared with its fingerprints, so a listed model that was saved anew is not found. "
        "Scan again with --weights sample."
    )
    assert uncompared_weights(with_coverage(report, counted)) == (
        f"List a: 1 file {rest}",
        f"List b: 1,200 files {rest}",
    )


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (Count(1, 0, 1, 0), ("Nothing was read: the only file was skipped.",)),
        (Count(1200, 0, 1200, 0), ("Nothing was read: all 1,200 files were skipped.",)),
        (Count(2, 1, 1, 0), ()),
        (Count(2, 0, 1, 1), ()),
    ],
)
def test_it_is_said_that_nothing_was_read_where_every_file_was_skipped(
    report: Report, files: Count, said: tuple[str, ...]
) -> None:
    none = with_lists(replace(report, tally=Tally(files)))
    assert nothing_read_or_compared(none) == said


@pytest.mark.parametrize(
    ("means", "tally", "subjects", "why"),
    [
        ("csam", Tally(Count(1, 1)), {"model": 3}, "no sample was found"),
        ("csam", Tally(Count(1, 1), Count(1, 0, 1)), {}, "no sample has what the list can answer"),
        ("model", Tally(Count(1, 1), Count(1, 0, 1)), {"dataset": 3}, "no model was found"),
        ("model", Tally(Count(1, 1)), {"model": 1}, "no model has what the list can answer"),
        (
            "model",
            Tally(Count(1, 1), coverage={f"{UNCOMPARED}l-model": 1}),
            {"model": 1},
            "weights were not sampled, scan again with --weights sample",
        ),
    ],
)
def test_it_is_said_why_a_list_was_compared_with_nothing(
    report: Report, means: str, tally: Tally, subjects: Mapping[str, int], why: str
) -> None:
    alone = with_lists(replace(report, tally=tally, subjects=subjects), means)
    said = f"Nothing was compared with list l-{means}: {why}."
    assert nothing_read_or_compared(alone) == (said,)
    compared = replace(alone, tally=replace(tally, compared={f"l-{means}": 1}))
    assert nothing_read_or_compared(compared) == ()


def test_the_name_of_a_list_is_cut_after_80_characters(report: Report) -> None:
    def said(name: str) -> str:
        only = ListSummary(name, "1", "csam", 12, "c0" * 32, "")
        policy = replace(report.policy, lists=(only,))
        return "".join(nothing_read_or_compared(replace(report, policy=policy, tally=Tally(Count(1, 1)))))

    begins = "Nothing was compared with list " + "x" * 80
    assert said("x" * 80) == f"{begins}: no sample was found."
    assert said("x" * 81) == f"{begins}… (81 characters): no sample was found."


def test_what_chance_would_give_is_told_for_each_list(report: Report) -> None:
    counted = {
        "compared with decoys: b": 1200,
        "decoys met by chance: b": 10,
        "compared with decoys: a": 5,
        "decoys met by chance: a": 0,
    }
    begins = (
        "List {}: among {} hashes compared, about {} near matches are expected by coincidence, and no more than {} "
        "with 95 % confidence."
    )
    # The exact upper limit of a Poisson count of 10 is 16.96; Byar's approximation is within 0.1 of it.
    assert chance_matches(with_coverage(report, counted)) == (
        begins.format("a", "5", "0.0", "3.0"),
        begins.format("b", "1,200", "10.0", "17.0"),
    )


@pytest.mark.parametrize(
    ("means", "said"),
    [
        (("csam", "test"), None),
        ((), "no list of it was loaded. This report says nothing of what they show."),
        (("benign", "model"), "no list of it was loaded. This report says nothing of what they show."),
        (
            ("benign", "test", "ncii"),
            "No list of known child sexual abuse material was loaded, only of: "
            "intimate images shared without consent; ordinary pictures, for a test.",
        ),
        (("of\u202etheirs",), "was loaded, only of: of"),
    ],
)
def test_that_no_list_of_known_material_was_loaded_is_said(
    report: Report, means: tuple[str, ...], said: str | None
) -> None:
    found = missing_lists(with_lists(report, *means))
    assert len(found) == (said is not None)
    assert said is None or said in found[0]
    assert "\u202e" not in "".join(found)
