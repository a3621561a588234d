"""One table for spreadsheets: notice, counts, cases with reasons and copies, then all other findings and gaps.

``type`` says what a row is: notice, count, case, copy, finding, advice, gap, not-scanned (why files and samples
were not), coverage, hit. A finding that is a reason of a case follows it and names it in ``case``.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from typing import TextIO

from auditor.model import Case, Finding, Ref
from auditor.pipeline.audit import Report
from auditor.printable import csv_cell
from auditor.reporting import guidance, sharing
from auditor.reporting.options import Options

HELP = "a table for spreadsheets: the cases with their reasons first, then every finding and gap"
LONGEST = 2000  # characters of a cell; spreadsheets take 32,767
COLUMNS = (
    "type",
    "case",
    "ground",
    "kind",
    "subject",
    "revision",
    "rule",
    "outcome",
    "severity",
    "text",
    "remark",
    "place",
    "line",
    "number",
    "fingerprint",
)
PLACED = ("list", "version", "token", "sample", "algorithm", "distance", "variant", "basis")

Row = dict[str, str | int]


def render(report: Report, out: TextIO, options: Options) -> None:
    """Write the table, row by row; cells that a spreadsheet would run as a formula are quoted with an apostrophe."""
    shown = sharing.prepared(report, options)
    columns = (*COLUMNS, *PLACED) if options.places else COLUMNS
    table = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    table.writeheader()
    for row in _rows(shown, sharing.notice(report, options)):
        table.writerow(_safe(row))
    if options.places:
        for hit in sharing.placed_hits(report):
            row = {key: getattr(hit, key) for key in PLACED}
            row |= {"type": "hit", "kind": hit.kind, "subject": hit.name, "revision": hit.revision}
            table.writerow(_safe({**row, "place": hit.place, "line": hit.row}))


def _safe(row: Row) -> Row:
    return {key: csv_cell(value, LONGEST) if isinstance(value, str) else value for key, value in row.items()}


def _rows(report: Report, notice: str) -> Iterator[Row]:
    yield {"type": "notice", "text": notice}
    if not report.complete:
        yield {"type": "notice", "text": "not complete: this is a report on a part"}
    for name, count in (("files", report.tally.files), ("samples", report.tally.samples)):
        proof = f"collected = {count.scanned} scanned + {count.skipped} skipped + {count.errored} errored"
        wrong = "" if count.is_balanced else ": does not add up"
        yield {"type": "count", "kind": name, "text": f"{proof}{wrong}", "number": count.collected}
    listed: Counter[str] = Counter()
    for case in report.cases:
        yield from _case(case)
        listed.update(reason.fingerprint for reason in case.reasons)
    for line in guidance.advice(report):
        yield {"type": "advice", "text": line}
    for finding in report.findings:
        fingerprint = finding.fingerprint
        if listed[fingerprint]:
            listed[fingerprint] -= 1
        else:
            yield _finding(finding)
    for ref, gap in report.gaps:
        place: Row = {"place": gap.place.uri, "line": gap.place.line}
        yield {"type": "gap", **_subject(ref), "rule": gap.what, "text": gap.why, **place}
    for kind, numbers in (("not-scanned", report.tally.reasons), ("coverage", report.tally.coverage)):
        for text, number in sorted(numbers.items()):
            yield {"type": kind, "text": text, "number": number}


def _case(case: Case) -> Iterator[Row]:
    subject = _subject(case.ref)
    identity: Row = {"case": case.id, "ground": case.ground}
    text = guidance.GROUNDS[case.ground]
    yield {"type": "case", **identity, **subject, "text": text, "number": len(case.reasons)}
    for reason in case.reasons:
        yield {**_finding(reason), **identity}
    for copy in case.copies:
        yield {"type": "copy", **identity, **_subject(copy), "text": "the same weights as the subject of the case"}


def _subject(ref: Ref) -> Row:
    return {"kind": ref.kind, "subject": ref.name, "revision": ref.revision}


def _finding(finding: Finding) -> Row:
    return {
        "type": "finding",
        **_subject(finding.ref),
        "rule": finding.rule,
        "outcome": finding.outcome,
        "severity": finding.severity,
        "text": finding.fact,
        "remark": finding.remark,
        "place": finding.place.uri,
        "line": finding.place.line,
        "fingerprint": finding.fingerprint,
    }
