"""Group a report's findings by rule and subject, the most severe first, for services that take some thousands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from auditor.model import NOWHERE, SEVERITIES, Finding, Place, Ref, Severity
from auditor.pipeline.report import Report
from auditor.printable import printable
from auditor.reporting.report_summary import severity_rank

MAX_FACTS = 20  # of one rule and subject


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """The findings of one rule, subject and outcome: the first ones, and how many."""

    findings: tuple[Finding, ...]
    number: int

    @property
    def first(self) -> Finding:
        return self.findings[0]

    @property
    def severity(self) -> Severity:
        return self.first.severity

    @property
    def is_flagged(self) -> bool:
        return self.first.outcome == "FLAGGED"

    @property
    def facts(self) -> tuple[str, ...]:
        """The printable facts with their remarks, and how many more there are."""
        shown = tuple(
            f"{printable(one.fact)} ({printable(one.remark)})" if one.remark else printable(one.fact)
            for one in self.findings
        )
        return (*shown, f"and {self.number - len(shown):,} more") if self.number > len(shown) else shown

    def place(self, cards: Mapping[Ref, Place]) -> Place:
        """Return where the first finding is, else the card of its subject, else nowhere."""
        return self.first.place if self.first.place.uri else cards.get(self.first.ref, NOWHERE)


def group_findings(report: Report) -> Iterator[FindingGroup]:
    """Yield the findings of each subject, grouped by rule and outcome."""
    for _, of_subject in groupby(report.findings, key=lambda finding: finding.ref):
        first: dict[tuple[str, str], list[Finding]] = {}
        numbers: Counter[tuple[str, str]] = Counter()
        for finding in of_subject:
            key = (finding.rule, str(finding.outcome))
            numbers[key] += 1
            few = first.setdefault(key, [])
            if len(few) < MAX_FACTS:
                few.append(finding)
        for key, few in first.items():
            yield FindingGroup(tuple(few), numbers[key])


def most_severe_groups(report: Report, limit: int) -> tuple[list[FindingGroup], Counter[Severity]]:
    """Return at most ``limit`` groups, and how many of each severity are left out. Memory is bounded by the limit."""
    kept: dict[tuple[int, bool], list[FindingGroup]] = {}
    total: Counter[Severity] = Counter()
    for group in group_findings(report):
        total[group.severity] += 1
        same_rank = kept.setdefault(severity_rank(group.first), [])
        if len(same_rank) < limit:
            same_rank.append(group)
    chosen = [group for _, same_rank in sorted(kept.items(), reverse=True) for group in same_rank][:limit]
    return chosen, total - Counter(group.severity for group in chosen)


def card_places(report: Report, groups: Sequence[FindingGroup]) -> Mapping[Ref, Place]:
    """Return the places of the cards of the subjects whose findings have no place."""
    return report.card_places({group.first.ref for group in groups if not group.first.place.uri})


def severity_counts(counts: Mapping[Severity, int]) -> str:
    """Return numbers of groups in words, the most severe first: "2 error, 14 note"."""
    return ", ".join(f"{counts[severity]:,} {severity}" for severity in reversed(SEVERITIES) if counts.get(severity))
