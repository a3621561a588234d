"""The page proves its counts, never reads as clean, and puts counts into words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from auditor.model import Count, Tally
from auditor.pipeline.report import MatchCount, Report
from auditor.reporting.guidance import GLOSSARY

Show = Callable[..., str]


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.split("</head>")[1]).split())


def test_the_page_proves_its_counts(report: Report, shown: Show) -> None:
    text = plain(shown(report, "html"))
    assert "31 files = 28 read + 0 in part + 2 skipped + 1 not read" in text
    assert "126 pictures and other samples = 121 read + 0 in part + 3 skipped + 2 not read" in text
    assert "The counts do not add up" in plain(shown(replace(report, tally=Tally(Count(5, 3))), "html"))


def test_nothing_found_never_reads_as_clean(report: Report, shown: Show) -> None:
    bare = replace(
        report,
        findings=(),
        cases=(),
        gaps=(),
        flagged={},
        tally=Tally(),
        matches=(),
        policy=replace(report.policy, lists=(), rules=()),
    )
    text = plain(shown(bare, "html"))
    assert "clean" not in text.lower()
    assert "It does not mean that nothing is there" in text
    assert "not matched against known content: no list of it was loaded" in text
    assert "– pictures and other samples were not matched" in text
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


def test_the_tiles_say_what_they_count(report: Report, shown: Show) -> None:
    text = plain(shown(report, "html"))
    assert "3 of 121 pictures match entries of list example-known, a test list" in text
    assert "2 cases of models for people to decide" in text
    assert "3 errors; 1 warning, 2 notes" in text
    assert "1 of 31 files not read, or only in part; 2 samples not compared" in text


def test_claimed_digests_are_not_counted_as_pictures(report: Report, shown: Show) -> None:
    claims = (MatchCount("example-known", "declared", "exact", 7),)
    text = plain(shown(replace(report, matches=claims), "html"))
    assert "0 of 121 pictures match entries of list example-known, a test list; 7 matches more by claimed" in text


def test_findings_come_before_what_was_not_checked_addresses_and_rules(report: Report, shown: Show) -> None:
    (samples, models) = report.policy.lists
    lists = (replace(samples, means="csam"), models)
    text = shown(replace(report, policy=replace(report.policy, lists=lists)), "html")
    order = ('"cases"', '"findings"', '"unread"', '"now"', '"https://report.iwf.org.uk/"', '"rules"', '"reading"')
    found = [text.index(f"id={part}" if ":" not in part else part) for part in order]
    assert found == sorted(found)


def test_the_page_shows_the_most_severe_findings_of_many(report: Report, shown: Show) -> None:
    note = report.findings[5] if isinstance(report.findings, tuple) else next(iter(report.findings))
    many = tuple(note._replace(subject=f"many/m{number:05}") for number in range(10_001))
    page = shown(replace(report, findings=(*report.findings, *many), flagged={}), "html")
    assert page.count('class="finding"') <= 10_000
    assert "shore/coast-photos" in page
    assert re.search(r"Left out of this page, because they are less severe: [\d,]+ subjects", page)


def test_the_glossary_of_the_documentation_has_the_words_of_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\*\*(.+?)\*\*: (.+)$", page, re.M)
    assert dict(rows) == dict(GLOSSARY)
