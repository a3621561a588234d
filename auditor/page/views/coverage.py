"""The coverage of a run: what it read, and what it could not read."""

from __future__ import annotations

from itertools import islice
from typing import Any

from auditor.errors import UsageError
from auditor.page.requests import PageRequest, parse_query_number
from auditor.page.responses import Page
from auditor.reporting.coverage import (
    ancestor_sentences,
    chance_matches,
    coverage_counts,
    missing_lists,
    uncompared_weights,
)
from auditor.reporting.labels import LIST_MEANINGS


def coverage_page(page_request: PageRequest) -> Page:
    """Return the page on a run's coverage: what it read and what it could not, which no page of cases shows."""
    from auditor.reporting.report_summary import group_gaps

    runs = page_request.service.reports()
    which = parse_query_number(page_request.query["run"] or "0")
    if runs and which >= len(runs):
        raise UsageError(f"run {which}: this page was started with {len(runs)}")
    report = runs[which] if runs else None
    content: dict[str, Any] = {"report": report, "runs": [run.targets for run in runs], "which": which}
    if report is not None:
        content |= {
            "asked": coverage_counts(report),
            "chance": chance_matches(report),
            "missing": (*missing_lists(report), *uncompared_weights(report), *ancestor_sentences(report)),
            "gaps": group_gaps(islice(report.gaps, 100_000), 3)[:50],
            "means": LIST_MEANINGS,
        }
    return Page("coverage.html", content)
