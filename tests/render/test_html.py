"""The page proves its counts, never reads as clean, and puts counts into words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from auditor.model import Count, Tally
from auditor.pipeline.report import Report

Show = Callable[..., str]


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.split("</head>")[1]).split())


def test_the_page_proves_its_counts(report: Report, shown: Show) -> None:
    text = plain(shown(report, "html"))
    assert "Files 31 = 28 + 0 + 2 + 1" in text
    assert "Samples 126 = 121 + 0 + 3 + 2" in text
    assert "The counts do not add up" in plain(shown(replace(report, tally=Tally(Count(5, 3))), "html"))


def test_nothing_found_never_reads_as_clean(report: Report, shown: Show) -> None:
    bare = replace(
        report,
        findings=(),
        cases=(),
        gaps=(),
        flagged={},
        tally=Tally(),
        policy=replace(report.policy, lists=(), rules=()),
    )
    text = plain(shown(bare, "html"))
    assert "clean" not in text.lower()
    assert "It does not mean that nothing is there" in text
    assert "not matched against known content: no list of it was loaded" in text
    assert "What to do now" not in text


def test_chance_matches_are_reported_in_words_not_in_raw_counts(report: Report, shown: Show) -> None:
    coverage = {
        "compared with decoys: example-known": 1000,
        "decoys met by chance: example-known": 0,
        "compared by pdq": 5,
    }
    text = plain(shown(replace(report, tally=replace(report.tally, coverage=coverage)), "html"))
    assert "about 0.0 near matches are expected by coincidence, and no more than 3.0 with 95 % confidence" in text
    assert "compared with decoys" not in text
