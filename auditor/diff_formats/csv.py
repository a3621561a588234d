"""A comparison of two runs as a table: a row for each difference, case, finding, gap and number."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TextIO

from auditor.model import Place, Ref
from auditor.printable import csv_cell
from auditor.reporting.labels import CASE_GROUNDS
from auditor.reporting.render_options import RenderOptions
from auditor.reporting.report_diff import ReportDiff, headline

COLUMNS = (
    "type", "state", "kind", "subject", "rule", "severity", "severity_before", "text", "place", "line", "before",
    "after",
)  # fmt: skip

Row = dict[str, str | int]


def render(diff: ReportDiff, out: TextIO, options: RenderOptions) -> None:
    """Write the comparison; cells that a spreadsheet would run as a formula are quoted with an apostrophe."""
    table = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    table.writeheader()
    for row in _rows(diff):
        table.writerow({key: csv_cell(value) if isinstance(value, str) else value for key, value in row.items()})


def _rows(diff: ReportDiff) -> Iterator[Row]:
    """Yield the rows of a comparison."""
    yield {"type": "notice", "text": diff.notice}
    for text in diff.differences:
        yield {"type": "difference", "text": text}
    yield {"type": "summary", "text": headline(diff)}
    for change in diff.cases:
        ground = CASE_GROUNDS[change.case.ground]
        yield {"type": "case", "state": change.state, **_subject(change.case.ref), "text": ground}
    for found in diff.findings:
        finding = found.finding
        row: Row = {"type": "finding", "state": found.state, **_subject(finding.ref), "rule": finding.rule}
        row |= {"severity": found.after.severity} if found.after else {}
        row |= {"severity_before": found.before.severity} if found.before else {}
        yield {**row, "text": finding.fact, **_place(finding.place)}
    for one in diff.gaps:
        gap = one.gap
        row = {"type": "gap", "state": one.state, **_subject(one.ref), "rule": gap.what, "text": gap.why}
        yield {**row, **_place(gap.place)}
    for number in diff.numbers:
        yield {"type": number.group, "text": number.name, "before": number.before, "after": number.after}


def _subject(ref: Ref) -> Row:
    """Return the cells of a comparison that name a subject."""
    return {"kind": ref.kind, "subject": ref.name}


def _place(place: Place) -> Row:
    """Return the cells of a comparison that name a place."""
    return {"place": place.uri, "line": place.line} if place.uri else {}
