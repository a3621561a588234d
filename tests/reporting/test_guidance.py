"""Whom to report to: every hotline has an address and a source."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from auditor.policy.vocabularies import load_vocabularies
from auditor.reporting import guidance
from auditor.reporting.web_links import is_web_address
from tests.small_report import show, small_report


def test_every_hotline_is_a_web_address_with_a_source() -> None:
    contacts = load_vocabularies().contacts
    codes = [hotline.code for hotline in contacts.hotlines]
    assert {"US", "GB", "CA", "AU"} <= set(codes)
    assert len(codes) == len(set(codes))
    for hotline in contacts.hotlines:
        assert is_web_address(hotline.url)
        assert is_web_address(hotline.source)


def test_a_report_without_cases_says_that_nothing_asks_for_people_only_where_nothing_matched(tmp_path: Path) -> None:
    report = small_report(tmp_path)
    nothing = replace(report, cases=(), flagged={}, tally=replace(report.tally, coverage={}))
    assert "no rule found anything that people must review" in guidance.without_cases(nothing)
    matched = replace(nothing, flagged={("known-content-in-dataset", "FLAGGED", "error"): 1})
    assert guidance.without_cases(matched).startswith("No model is to be reviewed. A match with a list")
    for name in ("terminal", "html"):
        assert "no rule found anything that people must review" not in show(matched, name)
