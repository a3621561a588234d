"""A comparison of two runs for machines: one JSON object, published schema reports/schema/diff.schema.json."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TextIO

from auditor.model import Finding
from auditor.pipeline.report import Report
from auditor.reporting.render_options import RenderOptions
from auditor.reporting.report_diff import STATES, ReportDiff
from auditor.reporting.report_json import case_json, dump_json, finding_json, gap_json

SCHEMA = "urn:provenance-auditor:diff:1"


def render(diff: ReportDiff, out: TextIO, options: RenderOptions) -> None:
    """Write the comparison; findings and gaps are written as they are read, one a line."""
    severities: dict[str, dict[str, int]] = {state: {} for state in STATES}
    for (state, severity), number in sorted(diff.finding_counts.items()):
        severities[state][severity] = number
    out.write("{\n")
    for key, value in (
        ("schema", SCHEMA),
        ("notice", diff.notice),
        ("old", _run_json(diff.old, is_shared=options.share)),
        ("new", _run_json(diff.new, is_shared=options.share)),
        ("differences", list(diff.differences)),
        ("counts", {"findings": {**severities, "unchanged": diff.unchanged}, "gaps": dict(diff.gap_counts)}),
        ("numbers", [asdict(one) for one in diff.numbers]),
        ("cases", [{"state": one.state, "case": case_json(one.case)} for one in diff.cases]),
    ):
        out.write(f'"{key}": {dump_json(value)},\n')
    _write_array(
        out,
        "findings",
        ({"state": one.state, "before": _finding(one.before), "after": _finding(one.after)} for one in diff.findings),
    )
    out.write(",\n")
    _write_array(out, "gaps", ({"state": one.state, "gap": gap_json(one.ref, one.gap)} for one in diff.gaps))
    out.write("\n}\n")


def _run_json(report: Report, *, is_shared: bool) -> dict[str, object]:
    """Return what a comparison says of one of its runs."""
    return {
        "started": report.started,
        "finished": report.finished,
        "version": report.version,
        "targets": [] if is_shared else list(report.targets),
        "profile": report.policy.profile,
        "policy": report.policy.fingerprint,
        "complete": report.complete,
    }


def _finding(finding: Finding | None) -> object:
    """Return a finding of a comparison; null where there is none."""
    return finding_json(finding) if finding else None


def _write_array(out: TextIO, key: str, items: Iterable[object]) -> None:
    """Write an array of a comparison, one item a line."""
    out.write(f'"{key}": [')
    separator = "\n"
    for item in items:
        out.write(separator + dump_json(item))
        separator = ",\n"
    out.write("\n]" if separator != "\n" else "]")
