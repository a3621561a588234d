"""The CSV report: notice, counts, cases with their reasons and copies, then all other findings and gaps.

The column ``type`` says what a row is: notice, extension (a package that adds a reader or list format), count, case,
copy, finding, advice, gap, accepted, not-scanned (a reason why files or samples were not read), coverage, comparison
(of how many samples, ``number``, one algorithm of a list was compared, of those that one kind of carrier holds), hit.
A finding that is a reason of a case follows it and names it in ``case``.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from typing import TextIO

from auditor.model import Case, Finding, Ref
from auditor.pipeline.report import Report
from auditor.printable import csv_cell
from auditor.reporting import coverage, guidance, labels
from auditor.reporting.acceptances import acceptance_sentences
from auditor.reporting.redaction import report_notice
from auditor.reporting.render_options import RenderOptions
from auditor.reporting.restricted_hits import read_restricted_hits

HELP = "a table for spreadsheets: the cases with their reasons first, then every finding and gap"
SUFFIXES = (".csv",)
MAX_CELL_LENGTH = 2000  # characters; spreadsheets take 32,767
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
HIT_COLUMNS = ("list", "version", "token", "sample", "algorithm", "distance", "variant", "basis")

Row = dict[str, str | int]


def render(report: Report, out: TextIO, options: RenderOptions) -> None:
    """Write the CSV report; cells that a spreadsheet would run as a formula are quoted with an apostrophe."""
    columns = (*COLUMNS, *HIT_COLUMNS) if options.places else COLUMNS
    table = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    table.writeheader()
    for row in _report_rows(report, report_notice(report, options)):
        table.writerow(_safe_row(row))
    if options.places:
        for hit in read_restricted_hits(report):
            row = {key: getattr(hit, key) for key in HIT_COLUMNS}
            row |= {"type": "hit", "kind": hit.kind, "subject": hit.name, "revision": hit.revision}
            table.writerow(_safe_row({**row, "place": hit.place, "line": hit.row}))


def _safe_row(row: Row) -> Row:
    """Return a row of the CSV report whose cells no spreadsheet runs as a formula."""
    return {key: csv_cell(value, MAX_CELL_LENGTH) if isinstance(value, str) else value for key, value in row.items()}


def _report_rows(report: Report, notice: str) -> Iterator[Row]:
    """Yield the rows of the CSV report: notices, counts, cases, findings, gaps and advice."""
    yield {"type": "notice", "text": notice}
    if not report.complete:
        yield {"type": "notice", "text": "not complete: this is a report on a part"}
    notes = report.notes
    for text in (*notes.counted_once, *notes.remote, *notes.kept_digests, *coverage.ancestor_sentences(report)):
        yield {"type": "notice", "text": text}
    for extension in report.policy.extensions:
        yield {"type": "extension", "text": str(extension)}
    for name, count in (("files", report.tally.files), ("samples", report.tally.samples)):
        proof = (
            f"collected = {count.scanned} scanned + {count.partly} partly + "
            f"{count.skipped} skipped + {count.errored} errored"
        )
        wrong = "" if count.is_balanced else ": does not add up"
        yield {"type": "count", "kind": name, "text": f"{proof}{wrong}", "number": count.collected}
    under_cases: Counter[str] = Counter()
    for case in report.cases:
        yield from _case_rows(case)
        under_cases.update(reason.fingerprint for reason in case.reasons)
    for line in guidance.advice_lines(report):
        yield {"type": "advice", "text": line}
    for finding in report.findings:
        fingerprint = finding.fingerprint
        if under_cases[fingerprint]:
            under_cases[fingerprint] -= 1
        else:
            yield _finding_row(finding)
    for ref, gap in report.gaps:
        place: Row = {"place": gap.place.uri, "line": gap.place.line}
        yield {"type": "gap", **_subject_cells(ref), "rule": gap.what, "text": gap.why, **place}
    for text in acceptance_sentences(report):
        yield {"type": "accepted", "text": text}
    for text, number in sorted(report.tally.reasons.items()):
        yield {"type": "not-scanned", "text": text, "number": number}
    for text, number in coverage.coverage_counts(report):
        yield {"type": "coverage", "text": text, "number": number}
    for row, sentence in zip(coverage.comparison_rows(report), coverage.comparison_sentences(report), strict=True):
        yield {"type": "comparison", "kind": row.carrier, "text": sentence, "number": row.compared}


def _case_rows(case: Case) -> Iterator[Row]:
    """Yield the rows of the CSV report for a case: itself, its reasons and its copies."""
    subject = _subject_cells(case.ref)
    identity: Row = {"case": case.id, "ground": case.ground}
    text = labels.CASE_GROUNDS[case.ground]
    yield {"type": "case", **identity, **subject, "text": text, "number": len(case.reasons)}
    for reason in case.reasons:
        yield {**_finding_row(reason), **identity}
    for copy in case.copies:
        yield {
            "type": "copy",
            **identity,
            **_subject_cells(copy),
            "text": "the same weights as the subject of the case",
        }


def _subject_cells(ref: Ref) -> Row:
    """Return the cells of the CSV report that name a subject."""
    return {"kind": ref.kind, "subject": ref.name, "revision": ref.revision}


def _finding_row(finding: Finding) -> Row:
    """Return the row of the CSV report for a finding."""
    return {
        "type": "finding",
        **_subject_cells(finding.ref),
        "rule": finding.rule,
        "outcome": finding.outcome,
        "severity": finding.severity,
        "text": finding.fact,
        "remark": finding.remark,
        "place": finding.place.uri,
        "line": finding.place.line,
        "fingerprint": finding.fingerprint,
    }
