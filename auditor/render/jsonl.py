"""JSON lines: what was scanned on the first line, then each case, finding and gap on a line of its own.

The objects are those of the JSON report (reports/schema/report.schema.json) with a key ``type``: run, case, finding or
gap.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from auditor.pipeline.report import Report
from auditor.reporting.acceptances import acceptance_sentences
from auditor.reporting.coverage import accounting_sentences, files_left_out, missing_lists
from auditor.reporting.redaction import report_notice
from auditor.reporting.render_options import RenderOptions
from auditor.reporting.report_json import case_json, dump_json, finding_json, gap_json

HELP = "JSON lines, for log pipelines: one finding, case or gap a line"
SUFFIXES = (".jsonl", ".ndjson")
SHOWS_PLACES = False  # the JSON report has them


def render(report: Report, out: TextIO, options: RenderOptions) -> None:
    """Write the lines as they are read."""
    for line in _objects(report, report_notice(report, options)):
        out.write(f"{dump_json(line)}\n")


def _objects(report: Report, notice: str) -> Iterator[dict[str, object]]:
    """Yield the objects of the lines."""
    yield {
        "type": "run",
        "notice": notice,
        "audience": report.audience,
        "tool": {"name": "auditor", "version": report.version},
        "started": report.started,
        "finished": report.finished,
        "targets": report.targets,
        "policy": report.policy.fingerprint,
        "profile": report.policy.profile,
        "extensions": [str(one) for one in report.policy.extensions],
        "complete": report.complete,
        "counts": accounting_sentences(report),
        "left_out": files_left_out(report),
        "not_matched": missing_lists(report),
        "accepted": acceptance_sentences(report),
    }
    yield from ({"type": "case", **case_json(case)} for case in report.cases)
    yield from ({"type": "finding", **finding_json(finding)} for finding in report.findings)
    yield from ({"type": "gap", **gap_json(ref, gap)} for ref, gap in report.gaps)
