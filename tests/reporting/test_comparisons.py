"""What was compared with each list is said by algorithm and carrier, in words."""

from __future__ import annotations

from dataclasses import replace

from auditor.model import Comparison, Tally
from auditor.pipeline.report import Report
from auditor.reporting.coverage import comparison_sentences


def test_each_algorithm_of_a_list_says_how_many_of_a_carrier_were_compared_and_why_not_all(report: Report) -> None:
    comparisons = {
        Comparison("hills", "pdq", "picture file", "compared"): 2998,
        Comparison("hills", "pdq", "picture file", "low detail"): 2,
        Comparison("hills", "md5", "other file", "not compared"): 1,
        Comparison("hills", "photodna", "table picture", "not computed"): 4,
    }
    assert comparison_sentences(replace(report, tally=Tally(comparisons=comparisons))) == (
        "0 of 1 other files were compared with list hills by md5 (the same hash); 1 could not be hashed",
        "2,998 of 3,000 picture files were compared with list hills by pdq (nearly the same picture); "
        "2 of too little detail",
        "0 of 4 pictures in tables were compared with list hills by photodna (the same hash); "
        "4 not hashed: auditor does not compute it",
    )
