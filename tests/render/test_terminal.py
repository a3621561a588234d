"""The summary on a terminal reads well to a person and does nothing to the terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.model import Count, Tally
from auditor.pipeline.audit import audit
from auditor.pipeline.policy_summary import ListSummary
from auditor.pipeline.report import Report
from auditor.reporting.report_summary import summarise, summarise_rules

Show = Callable[..., str]


def test_counts_are_proven_for_files_and_samples(report: Report, shown: Show) -> None:
    text = shown(report, "terminal")
    assert "Files     31 collected = 28 scanned + 0 partly + 2 skipped + 1 errored" in text
    assert "Samples   126 collected = 121 scanned + 0 partly + 3 skipped + 2 errored" in text
    assert "ADD UP" not in text


def test_counts_that_do_not_add_up_are_reported(report: Report, shown: Show) -> None:
    text = shown(replace(report, tally=Tally(Count(5, 3, 1, 0))), "terminal")
    assert "5 collected = 3 scanned + 0 partly + 1 skipped + 0 errored: DOES NOT ADD UP" in text
    assert "do not rely on this report" in text


def test_cases_come_before_findings_with_their_reasons_and_copies(report: Report, shown: Show) -> None:
    text = shown(report, "terminal")
    assert text.startswith("Confidential: unproven until reviewed\n")
    assert text.index("2 cases for people to decide") < text.index("Findings: 3 errors")
    assert text.index("● model harbour/pier-lora") < text.index("● model shore/coast-diffusion @ 4f2a9c1")
    assert "same weights, 1: mirror/coast-diffusion-copy" in text
    assert "Findings: 3 errors, 1 warning, 2 notes, 1 unchecked, on 5 subjects" in text


def test_a_match_is_followed_by_what_to_do_now(report: Report, shown: Show) -> None:
    (test_list, models) = report.policy.lists
    lists = (test_list, replace(test_list, means="csam"), models)
    text = shown(replace(report, policy=replace(report.policy, lists=lists)), "terminal")
    assert "Do not open, copy, share or delete the matched samples" in text
    assert "rehearsal" not in text
    assert "United Kingdom  Internet Watch Foundation, https://report.iwf.org.uk/" in text


@pytest.mark.parametrize("name", ["terminal", "html", "json", "csv", "sarif"])
def test_with_test_lists_alone_the_steps_are_a_rehearsal_without_hotlines(
    report: Report, shown: Show, name: str
) -> None:
    text = " ".join(shown(report, name, audience="operator").split())
    assert "This list means `test`: this is a rehearsal; report nothing." in text
    assert "report.iwf.org.uk" not in text


def test_nothing_found_never_reads_as_clean(report: Report, shown: Show) -> None:
    empty = replace(
        report,
        findings=(),
        gaps=(),
        cases=(),
        flagged={},
        lineage=(),
        policy=replace(report.policy, lists=()),
        tally=Tally(Count(3, 3), Count(9, 9)),
    )
    text = shown(empty, "terminal")
    assert "clean" not in text.lower()
    assert "What to do now" not in text
    assert "Confidential" not in text
    assert "it does not mean that nothing is there" in text
    assert "were not matched against known content: no list of it was loaded" in " ".join(text.split())
    assert "National Center for Missing & Exploited Children" in " ".join(text.split())


def test_a_csam_list_that_was_loaded_removes_the_warning(report: Report, shown: Show) -> None:
    lists = (ListSummary("authority", "7", "csam", 10, "ab" * 32),)
    text = shown(replace(report, policy=replace(report.policy, lists=lists)), "terminal")
    assert "No list" not in text
    assert "authority 7: 10 entries; known child sexual abuse material" in text


def test_colour_adds_nothing_but_colour(report: Report, shown: Show) -> None:
    import re

    plain, colour = shown(report, "terminal"), shown(report, "terminal", colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", colour) == plain
    assert "\x1b[" in colour


def test_the_summary_of_rules_from_disk_equals_that_of_all_findings(tmp_path: Path) -> None:
    hub, listed = Path(__file__).parents[1] / "data" / "hub", Path(__file__).parents[1] / "data" / "known-pictures.csv"
    report = audit(hub, known=[listed], profile="example", out=tmp_path / "run", workers=1)
    quick, whole = summarise_rules(report), summarise(report, 0, 0)
    assert quick == whole
    assert [line.count for line in quick.rules if line.rule == "no-training-data"]
