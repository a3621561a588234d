"""Gather the findings that open a case into cases: one for each ground and set of models with the same weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from operator import attrgetter
from typing import Any, NamedTuple

from auditor.model import DEFAULT_PRIORITY, SEVERITIES, Case, Finding, Ground, Place, Ref


class CaseReason(NamedTuple):
    """A finding that opens a case, with what its rule says of the case."""

    finding: Finding
    ground: Ground
    priority: int = DEFAULT_PRIORITY

    @property
    def sort_key(self) -> tuple[int, int, bool, str, str, str]:
        """Return the key that sorts a case's most serious reason first: by severity, priority, exact before near."""
        severity = -SEVERITIES.index(self.finding.severity)
        near = self.finding.relation == "near"
        return (severity, self.priority, near, self.finding.rule, self.finding.subject, self.finding.fact)


def group_cases(reasons: Iterable[CaseReason], copies: Iterable[tuple[Ref, Ref]] = ()) -> tuple[Case, ...]:
    """Return one case for each ground and set of the same weights, the most serious first.

    Args:
        reasons: in any order.
        copies: pairs of subjects with the same weights; the second of a pair names no revision.
    """
    copy_sets = _copy_sets(copies)
    reasons_by_case: dict[tuple[Ground, Ref], list[CaseReason]] = {}
    for reason in reasons:
        ref = reason.finding.ref
        first = min(copy_sets.get(ref, frozenset({ref})))
        reasons_by_case.setdefault((reason.ground, first), []).append(reason)
    opened: list[tuple[CaseReason, Case]] = []
    for (ground, first), group in reasons_by_case.items():
        group.sort(key=attrgetter("sort_key"))
        subject = group[0].finding.ref
        others = tuple(sorted(copy_sets.get(first, frozenset({first})) - {subject}))
        findings = tuple(reason.finding for reason in group)
        opened.append((group[0], Case(ground, subject.kind, subject.name, subject.revision, findings, others)))
    opened.sort(key=lambda pair: (pair[1].ground != "linked", pair[0].sort_key, pair[1].subject))
    return tuple(case for _, case in opened)


def _copy_sets(pairs: Iterable[tuple[Ref, Ref]]) -> Mapping[Ref, frozenset[Ref]]:
    """Return the set of subjects that one case gathers, those with the same weights, for each that has copies."""
    parent: dict[Ref, Ref] = {}

    def find_root(ref: Ref) -> Ref:
        while parent.setdefault(ref, ref) != ref:
            parent[ref] = parent[parent[ref]]
            ref = parent[ref]
        return ref

    with_revision: dict[tuple[str, str], Ref] = {}
    pairs = sorted(pairs)
    for ref, _ in pairs:
        with_revision.setdefault((ref.kind, ref.name), ref)
    for ref, copy in pairs:
        left, right = find_root(ref), find_root(with_revision.get((copy.kind, copy.name), copy))
        parent[max(left, right)] = min(left, right)
    members: dict[Ref, set[Ref]] = {}
    for ref in parent:
        members.setdefault(find_root(ref), set()).add(ref)
    return {ref: frozenset(group) for group in members.values() for ref in group}


def case_to_json(case: Case) -> dict[str, Any]:
    """Return what ``report.json`` keeps of a case."""
    reasons = [reason._asdict() | {"place": reason.place._asdict()} for reason in case.reasons]
    return asdict(case) | {"reasons": reasons}


def case_from_json(content: Mapping[str, Any]) -> Case:
    """Return a case of a report from JSON."""
    reasons = tuple(Finding(**{**reason, "place": Place(**reason["place"])}) for reason in content["reasons"])
    copies = tuple(Ref(**copy) for copy in content["copies"])
    return Case(content["ground"], content["kind"], content["subject"], content["revision"], reasons, copies)
