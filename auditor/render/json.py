"""The JSON report: a contract with a published schema, reports/schema/report.schema.json, apart from the internals."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TextIO, TypedDict

from auditor.model import Case, Count, Finding, Gap, Kind, Place, Ref
from auditor.pipeline.audit import Edge, Report
from auditor.reporting import guidance, sharing
from auditor.reporting.options import Options

HELP = "everything, for machines: one JSON object, published schema, one finding a line"
SCHEMA = "urn:provenance-auditor:report:1"


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


def render(report: Report, out: TextIO, options: Options) -> None:
    """Write the report as one object whose arrays of findings, gaps and hits are streamed."""
    shown = sharing.prepared(report, options)
    fields: list[tuple[str, object]] = [
        ("schema", SCHEMA),
        ("notice", sharing.notice(report, options)),
        ("tool", {"name": "auditor", "version": shown.version}),
        ("started", shown.started),
        ("finished", shown.finished),
        ("targets", list(shown.targets)),
        ("policy", _policy(shown)),
        ("complete", shown.complete),
        ("nothing_read", shown.nothing_read),
        ("nothing_compared", list(shown.nothing_compared)),
        ("counts", _counts(shown)),
        ("reasons", _sorted(shown.tally.reasons)),
        ("coverage", _sorted(shown.tally.coverage)),
        ("advice", list(guidance.advice(shown))),
    ]
    arrays: list[tuple[str, Iterable[object]]] = [
        ("cases", map(_case, shown.cases)),
        ("lineage", map(_edge, shown.lineage)),
        ("findings", map(_finding, shown.findings)),
        ("gaps", (_gap(ref, gap) for ref, gap in shown.gaps)),
    ]
    if options.places:
        arrays.append(("hits", (asdict(hit) for hit in sharing.placed_hits(report))))
    out.write("{\n")
    for key, value in fields:
        out.write(f"{json.dumps(key)}: {_text(value)},\n")
    for number, (key, items) in enumerate(arrays):
        out.write(f"{json.dumps(key)}: [")
        separator = "\n"
        for item in items:
            out.write(separator + _text(item))
            separator = ",\n"
        out.write("\n]" if separator != "\n" else "]")
        out.write(",\n" if number < len(arrays) - 1 else "\n")
    out.write("}\n")


def _text(value: object) -> str:
    """JSON in ASCII, so that no control or bidi character of a name reaches a terminal.

    A lone surrogate, which strict parsers refuse, becomes its escape as text.
    """
    return json.dumps(_valid(value), ensure_ascii=True, allow_nan=False)


def _valid(value: object) -> object:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {_valid(key): _valid(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_valid(item) for item in value]
    return value


def _policy(report: Report) -> dict[str, object]:
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
    }


def _counts(report: Report) -> dict[str, object]:
    return {
        "files": _count(report.tally.files),
        "samples": _count(report.tally.samples),
        "subjects": _sorted(report.subjects),
        "findings": [
            {"rule": rule, "outcome": outcome, "severity": severity, "count": number}
            for (rule, outcome, severity), number in sorted(report.flagged.items())
        ],
    }


def _count(count: Count) -> dict[str, int]:
    return {
        "collected": count.collected,
        "scanned": count.scanned,
        "skipped": count.skipped,
        "errored": count.errored,
    }


def _sorted(numbers: Mapping[Kind, int] | Mapping[str, int]) -> dict[str, int]:
    return {str(key): number for key, number in sorted(numbers.items())}


def _place(place: Place) -> PlaceV1:
    return {"uri": place.uri, "line": place.line}


def _subject(ref: Ref) -> SubjectV1:
    return {"kind": ref.kind, "subject": ref.name, "revision": ref.revision}


def _finding(finding: Finding) -> FindingV1:
    return {
        "rule": finding.rule,
        **_subject(finding.ref),
        "outcome": finding.outcome,
        "severity": finding.severity,
        "fact": finding.fact,
        "place": _place(finding.place),
        "remark": finding.remark,
        "fingerprint": finding.fingerprint,
    }


def _case(case: Case) -> CaseV1:
    return {
        "id": case.id,
        "ground": case.ground,
        **_subject(case.ref),
        "reasons": [_finding(reason) for reason in case.reasons],
        "copies": [_subject(copy) for copy in case.copies],
    }


def _edge(edge: Edge) -> EdgeV1:
    return {
        "child": _subject(edge.child),
        "parent": _subject(edge.parent),
        "relation": edge.relation,
        "source": edge.source,
    }


def _gap(ref: Ref, gap: Gap) -> GapV1:
    return {**_subject(ref), "what": gap.what, "why": gap.why, "place": _place(gap.place)}
