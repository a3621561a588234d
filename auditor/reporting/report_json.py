"""The parts of the published JSON report, reports/schema/report.schema.json, that several formats write."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypedDict

from auditor.model import Case, Finding, Gap, Place, Ref
from auditor.pipeline.report import Edge


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


def dump_json(value: object) -> str:
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


def _place_json(place: Place) -> PlaceV1:
    """Return a place as the JSON report has it."""
    return {"uri": place.uri, "line": place.line}


def _subject_json(ref: Ref) -> SubjectV1:
    """Return a subject as the JSON report has it."""
    return {"kind": ref.kind, "subject": ref.name, "revision": ref.revision}


def finding_json(finding: Finding) -> FindingV1:
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


def case_json(case: Case) -> CaseV1:
    """Return a case as the JSON report has it."""
    return {
        "id": case.id,
        "ground": case.ground,
        **_subject_json(case.ref),
        "reasons": [finding_json(reason) for reason in case.reasons],
        "copies": [_subject_json(copy) for copy in case.copies],
    }


def edge_json(edge: Edge) -> EdgeV1:
    """Return an edge of lineage as the JSON report has it."""
    return {
        "child": _subject_json(edge.child),
        "parent": _subject_json(edge.parent),
        "relation": edge.relation,
        "source": edge.source,
    }


def gap_json(ref: Ref, gap: Gap) -> GapV1:
    """Return a gap as the JSON report has it."""
    return {**_subject_json(ref), "what": gap.what, "why": gap.why, "place": _place_json(gap.place)}
