"""The JSON report: a contract with a published schema, reports/schema/report.schema.json, apart from the internals."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TextIO

from auditor.intervals import CONFIDENCE
from auditor.model import Count, Kind
from auditor.pipeline.baseline import Acceptances
from auditor.pipeline.report import Report
from auditor.pipeline.sampled_audit import SampledAudit
from auditor.reporting import coverage, guidance
from auditor.reporting.acceptances import entry_json
from auditor.reporting.redaction import report_notice
from auditor.reporting.render_options import RenderOptions
from auditor.reporting.report_json import case_json, dump_json, edge_json, finding_json, gap_json
from auditor.reporting.restricted_hits import read_restricted_hits

HELP = "everything, for machines: one JSON object, published schema, one finding per line"
SUFFIXES = (".json",)
SCHEMA = "urn:provenance-auditor:report:2"


def render(report: Report, out: TextIO, options: RenderOptions) -> None:
    """Write the JSON report as one object whose arrays of findings, gaps and hits are streamed."""
    fields: list[tuple[str, object]] = [
        ("schema", SCHEMA),
        ("notice", report_notice(report, options)),
        ("audience", report.audience),
        ("tool", {"name": "auditor", "version": report.version}),
        ("started", report.started),
        ("finished", report.finished),
        ("targets", list(report.targets)),
        ("policy", _policy_json(report)),
        ("complete", report.complete),
        ("nothing_read", report.nothing_read),
        ("nothing_compared", list(report.nothing_compared)),
        ("asked_differently", list(report.notes.asked_differently)),
        ("counted_once", list(report.notes.counted_once)),
        *((("sampled", _sampled_json(report.sampled)),) if report.sampled else ()),
        *([("remote", list(report.notes.remote))] if report.notes.remote else []),
        *([("kept_digests", list(report.notes.kept_digests))] if report.notes.kept_digests else []),
        ("ancestors", list(coverage.ancestor_sentences(report))),
        ("counts", _counts_json(report)),
        ("reasons", _sorted_counts(report.tally.reasons)),
        ("coverage", _sorted_counts(report.tally.coverage)),
        ("coverage_in_words", dict(coverage.coverage_counts(report))),
        ("comparisons", [{**asdict(row), "of": row.total} for row in coverage.comparison_rows(report)]),
        ("advice", list(guidance.advice_lines(report))),
        ("accepted", _accepted_json(report.accepted)),
    ]
    arrays: list[tuple[str, Iterable[object]]] = [
        ("cases", map(case_json, report.cases)),
        ("lineage", map(edge_json, report.lineage)),
        ("findings", map(finding_json, report.findings)),
        ("gaps", (gap_json(ref, gap) for ref, gap in report.gaps)),
    ]
    if options.places:
        arrays.append(("hits", (asdict(hit) for hit in read_restricted_hits(report))))
    out.write("{\n")
    for key, value in fields:
        out.write(f"{json.dumps(key)}: {dump_json(value)},\n")
    for number, (key, items) in enumerate(arrays):
        out.write(f"{json.dumps(key)}: [")
        separator = "\n"
        for item in items:
            out.write(separator + dump_json(item))
            separator = ",\n"
        out.write("\n]" if separator != "\n" else "]")
        out.write(",\n" if number < len(arrays) - 1 else "\n")
    out.write("}\n")


def _sampled_json(sampled: SampledAudit) -> dict[str, object]:
    """Return the sample for the JSON report, with what it proves of each stratum and of the whole."""
    lists = sorted({known for stratum in sampled.strata for known in stratum.found})
    strata = [
        {
            **{name: getattr(stratum, name) for name in ("name", "units", "drawn", "answered")},
            "found": [
                {"list": known, "number": stratum.found.get(known, 0), **stratum.interval(known)._asdict()}
                for known in lists
            ],
        }
        for stratum in sampled.strata
    ]
    whole = [
        {
            "list": known,
            "number": sampled.found(known),
            "rate": sampled.rate(known),
            **sampled.interval(known)._asdict(),
        }
        for known in lists
    ]
    about = {name: getattr(sampled, name) for name in ("asked", "seed", "column", "units", "drawn", "answered")}
    return {**about, "confidence": CONFIDENCE, "found": whole, "strata": strata}


def _policy_json(report: Report) -> dict[str, object]:
    """Return the policy as the JSON report has it."""
    policy = report.policy
    return {
        "fingerprint": policy.fingerprint,
        "profile": policy.profile,
        "rules": [
            {
                "id": rule.id,
                "title": rule.title,
                "severity": rule.severity,
                "case": rule.case or "none",
                "fix": rule.fix,
                "review": rule.review,
            }
            for rule in policy.rules
        ],
        "lists": [
            {
                "name": summary.name,
                "version": summary.version,
                "means": summary.means,
                "entries": summary.entries,
                "sha256": summary.sha256,
                "holder": summary.holder,
            }
            for summary in policy.lists
        ],
        "extensions": [
            {
                "group": extension.group,
                "name": extension.name,
                "distribution": extension.distribution,
                "version": extension.version,
            }
            for extension in policy.extensions
        ],
    }


def _accepted_json(accepted: Acceptances) -> dict[str, object]:
    """Return what a baseline accepts as the JSON report has it."""
    return {
        "baseline": accepted.baseline,
        "counts": {
            "findings": accepted.finding_count,
            "gaps": accepted.gap_count,
            "files": accepted.files,
            "samples": accepted.samples,
        },
        "findings": [{**finding_json(finding), "by": entry_json(entry)} for finding, entry in accepted.findings],
        "gaps": [{**gap_json(ref, gap), "by": entry_json(entry)} for ref, gap, entry in accepted.gaps],
        "expired": [entry_json(entry) for entry in accepted.expired],
        "unused": [entry_json(entry) for entry in accepted.unused],
    }


def _counts_json(report: Report) -> dict[str, object]:
    """Return the counts of subjects and findings as the JSON report has them."""
    return {
        "files": _count_json(report.tally.files),
        "samples": _count_json(report.tally.samples),
        "subjects": _sorted_counts(report.subjects),
        "findings": [
            {"rule": rule, "outcome": outcome, "severity": severity, "count": number}
            for (rule, outcome, severity), number in sorted(report.flagged.items())
        ],
    }


def _count_json(count: Count) -> dict[str, int]:
    """Return one count as the JSON report has it."""
    return {
        "collected": count.collected,
        "scanned": count.scanned,
        "partly": count.partly,
        "skipped": count.skipped,
        "errored": count.errored,
    }


def _sorted_counts(numbers: Mapping[Kind, int] | Mapping[str, int]) -> dict[str, int]:
    """Return counts sorted for the JSON report."""
    return {str(key): number for key, number in sorted(numbers.items())}
