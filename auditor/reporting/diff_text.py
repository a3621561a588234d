"""The sections of a comparison of two reports as lines of text, for the formats that people read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from auditor.model import SEVERITIES, Finding, Severity
from auditor.printable import printable
from auditor.reporting import labels
from auditor.reporting.report_diff import STATES, FindingChange, ReportDiff, State


@dataclass(frozen=True, slots=True)
class DiffSection:
    """A heading, its lines, and how many more there are."""

    title: str
    lines: tuple[str, ...]
    more: int = 0


def diff_sections(diff: ReportDiff, limit: int) -> Iterator[DiffSection]:
    """Yield the sections of a comparison that have anything to say, the most urgent first.

    Args:
        diff: The comparison.
        limit: How many lines a section has at most.
    """
    sections = [_section("The runs were not asked the same", diff.differences, len(diff.differences), limit)]
    case_lines = [
        f"{change.state}: {printable(labels.subject_label(change.case.ref))}: {labels.CASE_GROUNDS[change.case.ground]}"
        for change in diff.cases
    ]
    sections.append(_section("Cases", case_lines, len(case_lines), limit))
    first = _first_findings(diff, limit)
    for state in STATES:
        changes = (change for severity in reversed(SEVERITIES) for change in first.get((state, severity), ()))
        sections.append(
            _section(f"Findings: {state}", map(_finding_line, changes), diff.number_of_findings(state), limit)
        )
    for state in ("new", "gone"):
        gaps = (change for change in diff.gaps if change.state == state)
        lines = (
            f"{printable(labels.subject_label(change.ref))}: {change.gap.what}: {printable(change.gap.why)}"
            f"{_place(str(change.gap.place))}"
            for change in gaps
        )
        sections.append(_section(f"Not checked: {state}", lines, diff.gap_counts.get(state, 0), limit))
    numbers = [f"{one.group}, {printable(one.name)}: {one.before:,} → {one.after:,}" for one in diff.numbers]
    sections.append(_section("Counts", numbers, len(numbers), limit))
    return (section for section in sections if section.lines)


def _first_findings(diff: ReportDiff, limit: int) -> dict[tuple[State, Severity], list[FindingChange]]:
    """Return the first changes of findings of each state and severity, which are read once for all sections."""
    first: dict[tuple[State, Severity], list[FindingChange]] = {}
    for change in diff.findings:
        same = first.setdefault((change.state, change.finding.severity), [])
        if len(same) < limit:
            same.append(change)
    return first


def _section(title: str, lines: Iterable[str], number: int, limit: int) -> DiffSection:
    """Return a section of a comparison with the first of its lines."""
    shown = tuple(islice(lines, limit))
    return DiffSection(title, shown, number - len(shown))


def _finding_line(change: FindingChange) -> str:
    """Return a finding of a comparison on one line: severity, rule, subject, fact, place."""
    finding = change.finding
    severities = " → ".join(_severity(one) for one in (change.before, change.after) if one)
    what = f"{printable(finding.rule, 80)}, {printable(labels.subject_label(finding.ref))}: {printable(finding.fact)}"
    return f"{severities}: {what}{_place(str(finding.place))}"


def _severity(finding: Finding) -> str:
    """Return how severe a finding of a comparison is."""
    return finding.severity if finding.outcome == "FLAGGED" else "unchecked"


def _place(place: str) -> str:
    """Return a place as a comparison shows it; "" for none."""
    return f" [{printable(place)}]" if place else ""
