"""The JSON report: a contract with a published schema, reports/schema/report.schema.json, apart from the internals."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TextIO, TypedDict

from auditor.intervals import CONFIDENCE
from auditor.model import Case, Count, Finding, Gap, Kind, Place, Ref
from auditor.pipeline.baseline import Acceptances
from auditor.pipeline.report import Edge, Report
from auditor.pipeline.sampled_audit import SampledAudit
from auditor.reporting import coverage, guidance
from auditor.reporting.acceptances import entry_json
from auditor.reporting.redaction import report_notice
from auditor.reporting.render_options import RenderOptions
from auditor.reporting.restricted_hits import read_restricted_hits

HELP = "everything, for machines: one JSON object, published schema, one finding per line"
SUFFIXES = (".json",)
SCHEMA = "urn:provenance-auditor:report:2"


class PlaceV1(TypedDict):
    uri: str
    line: int


class SubjectV1(TypedDict):
    kind: str
    subject: str
    revision: str


class FindingV1(SubjectV1):
    rule: str
    outcome: str
    severity: str
    fact: str
    place: PlaceV1
    remark: str
    fingerprint: str


class CaseV1(SubjectV1):
    id: str
    ground: str
    reasons: list[FindingV1]
    copies: list[SubjectV1]


class GapV1(SubjectV1):
    what: str
    why: str
    place: PlaceV1


class EdgeV1(TypedDict):
    child: SubjectV1
    parent: SubjectV1
    relation: str
    source: str


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
        ("counts", _counts_json(report)),
        ("reasons", _sorted_counts(report.tally.reasons)),
        ("coverage", _sorted_counts(report.tally.coverage)),
        ("comparisons", [{**asdict(row), "of": row.total} for row in coverage.comparison_rows(report)]),
        ("advice", list(guidance.advice_lines(report))),
        ("accepted", _accepted_json(report.accepted)),
    ]
    arrays: list[tuple[str, Iterable[object]]] = [
        ("cases", map(_case_json, report.cases)),
        ("lineage", map(_edge_json, report.lineage)),
        ("findings", map(_finding_json, report.findings)),
        ("gaps", (_gap_json(ref, gap) for ref, gap in report.gaps)),
    ]
    if options.places:
        arrays.append(("hits", (asdict(hit) for hit in read_restricted_hits(report))))
    out.write("{\n")
    for key, value in fields:
        out.write(f"{json.dumps(key)}: {_dumps(value)},\n")
    for number, (key, items) in enumerate(arrays):
        out.write(f"{json.dumps(key)}: [")
        separator = "\n"
        for item in items:
            out.write(separator + _dumps(item))
            separator = ",\n"
        out.write("\n]" if separator != "\n" else "]")
        out.write(",\n" if number < len(arrays) - 1 else "\n")
    out.write("}\n")


def _dumps(value: object) -> str:
    """Return a part of the JSON report in ASCII, so that no control or bidi character of a name reaches a terminal.

    A lone surrogate, which strict parsers refuse, becomes its escape as text.
    """
    return json.dumps(_without_surrogates(value), ensure_ascii=True, allow_nan=False)


def _without_surrogates(value: object) -> object:
    """Return a value of the JSON report whose texts can be encoded as UTF-8."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    return value


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
        "findings": [{**_finding_json(finding), "by": entry_json(entry)} for finding, entry in accepted.findings],
        "gaps": [{**_gap_json(ref, gap), "by": entry_json(entry)} for ref, gap, entry in accepted.gaps],
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


def _place_json(place: Place) -> PlaceV1:
    """Return a place as the JSON report has it."""
    return {"uri": place.uri, "line": place.line}


def _subject_json(ref: Ref) -> SubjectV1:
    """Return a subject as the JSON report has it."""
    return {"kind": ref.kind, "subject": ref.name, "revision": ref.revision}


def _finding_json(finding: Finding) -> FindingV1:
    """Return a finding as the JSON report has it."""
    return {
        "rule": finding.rule,
        **_subject_json(finding.ref),
        "outcome": finding.outcome,
        "severity": finding.severity,
        "fact": finding.fact,
        "place": _place_json(finding.place),
        "remark": finding.remark,
        "fingerprint": finding.fingerprint,
    }


def _case_json(case: Case) -> CaseV1:
    """Return a case as the JSON report has it."""
    return {
        "id": case.id,
        "ground": case.ground,
        **_subject_json(case.ref),
        "reasons": [_finding_json(reason) for reason in case.reasons],
        "copies": [_subject_json(copy) for copy in case.copies],
    }


def _edge_json(edge: Edge) -> EdgeV1:
    """Return an edge of lineage as the JSON report has it."""
    return {
        "child": _subject_json(edge.child),
        "parent": _subject_json(edge.parent),
        "relation": edge.relation,
        "source": edge.source,
    }


def _gap_json(ref: Ref, gap: Gap) -> GapV1:
    """Return a gap as the JSON report has it."""
    return {**_subject_json(ref), "what": gap.what, "why": gap.why, "place": _place_json(gap.place)}
