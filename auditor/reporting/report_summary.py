"""Summarise a report in one pass and bounded memory: the most severe first, and how much is left out."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

from auditor.model import SEVERITIES, Finding, Gap, Outcome, Ref, Severity
from auditor.pipeline.report import Report
from auditor.printable import printable
from auditor.reporting.labels import subject_label

RuleKey = tuple[str, Outcome, Severity]

# Distinct reasons of gaps come from outside; beyond this number they are counted together.
MAX_GAP_REASONS = 200


@dataclass(frozen=True, slots=True)
class RuleSummary:
    """All findings of a rule with one outcome and severity."""

    rule: str
    title: str
    outcome: Outcome
    severity: Severity
    count: int
    examples: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class SubjectSummary:
    """A subject's findings, the most severe first; ``more`` are not shown."""

    ref: Ref
    findings: tuple[Finding, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class GapGroup:
    """Gaps of one kind and reason; the reason "" stands for the rarer ones together."""

    what: str
    why: str
    count: int
    examples: tuple[tuple[Ref, Gap], ...]

    @property
    def sentence(self) -> str:
        """How many gaps there are, what, why and where; printable."""
        return f"{self.count:,} × {self.what}: {printable(self.why) or 'other reasons'}{where(self.places, self.count)}"

    @property
    def places(self) -> tuple[str, ...]:
        """The files of the examples, or their subjects where no file is known; printable, each once."""
        places = (printable(gap.place.uri or subject_label(ref), 120) for ref, gap in self.examples)
        return tuple(dict.fromkeys(places))


def where(places: Sequence[str], number: int) -> str:
    """Return places as they follow what was said ``number`` times: all, if they are that many, else one of them."""
    if not places:
        return ""
    return f" ({', '.join(places)})" if len(places) == number else f"; for example {places[0]}"


@dataclass(frozen=True, slots=True)
class Summary:
    rules: tuple[RuleSummary, ...] = ()
    subjects: tuple[SubjectSummary, ...] = ()
    gaps: tuple[GapGroup, ...] = ()
    findings: int = 0
    subjects_with_findings: int = 0
    subjects_left_out: int = 0
    findings_left_out: int = 0
    severities: Counter[Severity] = field(default_factory=Counter)  # of FLAGGED findings only
    unchecked: int = 0


_RANKS = {severity: rank for rank, severity in enumerate(SEVERITIES)}


def severity_rank(finding: Finding) -> tuple[int, bool]:
    """Return the rank of a finding's severity in a summary: higher for more severe, and for flagged ones."""
    return _RANKS[finding.severity], finding.outcome == "FLAGGED"


def summarise(report: Report, max_subjects: int = 200, max_findings: int = 30, examples: int = 3) -> Summary:
    """Summarise a report by rule, subject and gap.

    Args:
        max_subjects: How many subjects are kept, the most severe ones.
        max_findings: How many findings of each are kept.
        examples: How many findings of each rule and gaps of each reason are kept.
    """
    counts: Counter[RuleKey] = Counter()
    shown: dict[RuleKey, list[Finding]] = {}
    heap: list[tuple[tuple[int, ...], int, SubjectSummary]] = []
    number = 0
    for number, (identity, group) in enumerate(groupby(report.findings, attrgetter("kind", "subject", "revision")), 1):
        kept: list[Finding] = []
        ranks: Counter[tuple[int, bool]] = Counter()
        for finding in group:
            key = (finding.rule, finding.outcome, finding.severity)
            counts[key] += 1
            if counts[key] <= examples:
                shown.setdefault(key, []).append(finding)
            ranks[severity_rank(finding)] += 1
            kept.append(finding)
            if len(kept) > 4 * max_findings:
                kept = _most_severe(kept, max_findings)
        findings = tuple(_most_severe(kept, max_findings))
        subject = SubjectSummary(Ref(*identity), findings, sum(ranks.values()) - len(findings))
        # Among equals the earlier subject stays, so that two runs show the same ones.
        rank = tuple(ranks[level, flagged] for level in (2, 1, 0) for flagged in (True, False))
        (heapq.heappush if len(heap) < max_subjects else heapq.heappushpop)(heap, (rank, -number, subject))
    subjects = tuple(subject for _, _, subject in sorted(heap, key=lambda item: (item[0], item[1]), reverse=True))
    return _summary(report, counts, shown, number, subjects, examples)


def _summary(
    report: Report,
    counts: Mapping[RuleKey, int],
    shown: Mapping[RuleKey, Sequence[Finding]],
    subjects_with_findings: int,
    subjects: tuple[SubjectSummary, ...],
    examples: int,
) -> Summary:
    """Return the summary of counted findings and of the gaps."""
    titles = {rule.id: rule.title for rule in report.policy.rules}
    rules = [
        RuleSummary(key[0], titles.get(key[0], ""), key[1], key[2], count, tuple(shown.get(key, ())))
        for key, count in counts.items()
    ]
    rules.sort(key=lambda rule: (rule.outcome != "FLAGGED", -_RANKS[rule.severity], -rule.count, rule.rule))
    flagged: Counter[Severity] = Counter()
    for rule in rules:
        if rule.outcome == "FLAGGED":
            flagged[rule.severity] += rule.count
    total = sum(counts.values())
    return Summary(
        rules=tuple(rules),
        subjects=subjects,
        gaps=group_gaps(report.gaps, examples),
        findings=total,
        subjects_with_findings=subjects_with_findings,
        subjects_left_out=subjects_with_findings - len(subjects),
        findings_left_out=total - sum(len(subject.findings) for subject in subjects),
        severities=flagged,
        unchecked=total - sum(flagged.values()),
    )


def _most_severe(findings: list[Finding], number: int) -> list[Finding]:
    """Return the most severe of a report summary's findings, at most ``number``."""
    return sorted(findings, key=severity_rank, reverse=True)[:number]


def group_gaps(gaps: Iterable[tuple[Ref, Gap]], examples: int) -> tuple[GapGroup, ...]:
    """Summarise gaps by kind and reason, the most frequent first, each with a few ``examples``."""
    counts: Counter[tuple[str, str]] = Counter()
    shown: dict[tuple[str, str], list[tuple[Ref, Gap]]] = {}
    for ref, gap in gaps:
        key = (gap.what, gap.why)
        if key not in counts and len(counts) >= MAX_GAP_REASONS:
            key = (gap.what, "")
        counts[key] += 1
        few = shown.setdefault(key, [])
        if len(few) < examples:
            few.append((ref, gap))
    return tuple(GapGroup(*key, count, tuple(shown[key])) for key, count in counts.most_common())
