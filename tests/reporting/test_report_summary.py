"""A summary shows the most severe and counts the rest."""

from __future__ import annotations

from dataclasses import replace

from auditor.model import Finding, Gap, Ref
from auditor.pipeline.report import Report
from auditor.reporting.report_summary import summarise


def test_a_long_report_shows_the_most_severe_and_counts_the_rest(report: Report) -> None:
    note = Finding("no-licence", "model", "", "", "FLAGGED", "note", "no licence is stated")
    light = [note._replace(subject=f"a/{number:04}") for number in range(500)]
    heavy = [note._replace(subject="z/heavy", severity="error", fact=f"fact {number:02}") for number in range(40)]
    summary = summarise(replace(report, findings=(*light, *heavy)), max_subjects=10, max_findings=30)
    assert summary.subjects[0].ref == Ref("model", "z/heavy")
    assert [len(block.findings) for block in summary.subjects] == [30] + [1] * 9
    assert (summary.subjects[0].more, summary.subjects_left_out, summary.findings_left_out) == (10, 491, 501)
    assert summary.findings == 540 == sum(line.count for line in summary.rules)


def test_the_summary_counts_what_the_report_counts(report: Report) -> None:
    counted = {(line.rule, line.outcome, line.severity): line.count for line in summarise(report).rules}
    assert counted == report.flagged


def test_rare_reasons_are_counted_together(report: Report) -> None:
    gaps = tuple((Ref("model", f"m/{number}"), Gap("card", f"reason {number}")) for number in range(1000))
    lines = summarise(replace(report, gaps=gaps)).gaps
    assert sum(line.count for line in lines) == 1000
    assert (lines[0].why, lines[0].count) == ("", 800)
