"""A report in one pass and bounded memory: what a person reads first, and how much is left out."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

from auditor.model import SEVERITIES, Finding, Gap, Outcome, Ref, Severity
from auditor.pipeline.audit import Findings, Report

Key = tuple[str, Outcome, Severity]  # of a rule's findings

# Distinct reasons come from outside; beyond so many they are counted together.
REASONS = 200


@dataclass(frozen=True, slots=True)
class RuleLine:
    """All findings of a rule with one outcome and severity."""

    rule: str
    title: str
    outcome: Outcome
    severity: Severity
    count: int
    examples: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class SubjectBlock:
    """A subject's findings, the heaviest first; ``more`` are not shown."""

    ref: Ref
    findings: tuple[Finding, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class GapLine:
    """Gaps of one kind and reason; the reason "" stands for the rarer ones together."""

    what: str
    why: str
    count: int
    examples: tuple[tuple[Ref, Gap], ...]


@dataclass(frozen=True, slots=True)
class Summary:
    rules: tuple[RuleLine, ...] = ()
    subjects: tuple[SubjectBlock, ...] = ()
    gaps: tuple[GapLine, ...] = ()
    findings: int = 0
    flagged_subjects: int = 0  # subjects that have any finding
    subjects_left_out: int = 0
    findings_left_out: int = 0
    severities: Counter[Severity] = field(default_factory=Counter)  # FLAGGED ones only
    unchecked: int = 0


_LEVELS = {severity: level for level, severity in enumerate(SEVERITIES)}


def weight(finding: Finding) -> tuple[int, bool]:
    """Sorts heavier findings higher."""
    return _LEVELS[finding.severity], finding.outcome == "FLAGGED"


def outline(report: Report, examples: int = 3) -> Summary:
    """As :func:`summarise`, without a subject: much less work on a run of many."""
    if not isinstance(report.findings, Findings):
        return summarise(report, 0, 0, examples)
    shown, subjects = report.findings.outline(examples)
    return _summary(report, report.flagged, shown, subjects, (), examples)


def summarise(report: Report, subjects: int = 200, each: int = 30, examples: int = 3) -> Summary:
    """Summarise with at most ``subjects`` subjects of ``each`` findings, and ``examples`` for a rule or a gap."""
    counts: Counter[Key] = Counter()
    shown: dict[Key, list[Finding]] = {}
    heap: list[tuple[tuple[int, ...], int, SubjectBlock]] = []
    seen = 0
    for seen, (identity, group) in enumerate(groupby(report.findings, attrgetter("kind", "subject", "revision")), 1):
        heavy: list[Finding] = []
        weights: Counter[tuple[int, bool]] = Counter()
        for finding in group:
            key = (finding.rule, finding.outcome, finding.severity)
            counts[key] += 1
            if counts[key] <= examples:
                shown.setdefault(key, []).append(finding)
            weights[weight(finding)] += 1
            heavy.append(finding)
            if len(heavy) > 4 * each:
                heavy = _heaviest(heavy, each)
        kept = tuple(_heaviest(heavy, each))
        block = SubjectBlock(Ref(*identity), kept, sum(weights.values()) - len(kept))
        # Among equals the earlier subject stays, so that two runs show the same ones.
        rank = tuple(weights[level, flagged] for level in (2, 1, 0) for flagged in (True, False))
        (heapq.heappush if len(heap) < subjects else heapq.heappushpop)(heap, (rank, -seen, block))
    blocks = tuple(block for _, _, block in sorted(heap, key=lambda item: (item[0], item[1]), reverse=True))
    return _summary(report, counts, shown, seen, blocks, examples)


def _summary(
    report: Report,
    counts: Mapping[Key, int],
    shown: Mapping[Key, Sequence[Finding]],
    flagged_subjects: int,
    blocks: tuple[SubjectBlock, ...],
    examples: int,
) -> Summary:
    titles = {rule.id: rule.title for rule in report.policy.rules}
    rules = [
        RuleLine(key[0], titles.get(key[0], ""), key[1], key[2], count, tuple(shown.get(key, ())))
        for key, count in counts.items()
    ]
    rules.sort(key=lambda line: (line.outcome != "FLAGGED", -SEVERITIES.index(line.severity), -line.count, line.rule))
    flagged: Counter[Severity] = Counter()
    for line in rules:
        if line.outcome == "FLAGGED":
            flagged[line.severity] += line.count
    total = sum(counts.values())
    return Summary(
        rules=tuple(rules),
        subjects=blocks,
        gaps=gap_lines(report.gaps, examples),
        findings=total,
        flagged_subjects=flagged_subjects,
        subjects_left_out=flagged_subjects - len(blocks),
        findings_left_out=total - sum(len(block.findings) for block in blocks),
        severities=flagged,
        unchecked=total - sum(flagged.values()),
    )


def _heaviest(findings: list[Finding], number: int) -> list[Finding]:
    return sorted(findings, key=weight, reverse=True)[:number]


def gap_lines(gaps: Iterable[tuple[Ref, Gap]], examples: int) -> tuple[GapLine, ...]:
    """Gaps by kind and reason, the most frequent first."""
    counts: Counter[tuple[str, str]] = Counter()
    shown: dict[tuple[str, str], list[tuple[Ref, Gap]]] = {}
    for ref, gap in gaps:
        key = (gap.what, gap.why)
        if key not in counts and len(counts) >= REASONS:
            key = (gap.what, "")
        counts[key] += 1
        few = shown.setdefault(key, [])
        if len(few) < examples:
            few.append((ref, gap))
    return tuple(GapLine(*key, count, tuple(shown[key])) for key, count in counts.most_common())
