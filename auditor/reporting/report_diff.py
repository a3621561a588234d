"""Compare the reports of two runs: what is new, gone and changed.

A finding is the same in both if rule, subject and fact are; it has changed if its severity or outcome has. Where it was
read, and a subject's revision, do not count. Both reports are read as they go, one subject at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import groupby
from typing import Any, Literal, TypeVar

from auditor.model import GAP_KINDS, SEVERITIES, Case, Count, Finding, Gap, Place, Ref, Severity
from auditor.pipeline.repeatable_stream import RepeatableStream
from auditor.pipeline.report import Report
from auditor.plurals import count_with_noun
from auditor.printable import printable
from auditor.reporting.coverage import coverage_counts
from auditor.reporting.redaction import CONFIDENTIAL, NO_SUBJECTS, redact, report_notice
from auditor.reporting.render_options import RenderOptions

State = Literal["new", "gone", "changed"]
STATES: tuple[State, ...] = ("new", "changed", "gone")
T = TypeVar("T")

# Of what a run was asked, that it does not say by its policy.
_UNCOMPARED_OPTIONS = frozenset({"algorithms"})  # they follow from the lists


@dataclass(frozen=True, slots=True)
class FindingChange:
    """A finding that is new, gone or changed; ``before`` and ``after`` are None where there is none."""

    state: State
    before: Finding | None
    after: Finding | None

    @property
    def finding(self) -> Finding:
        """The finding as it is now, or was."""
        found = self.after or self.before
        assert found
        return found


@dataclass(frozen=True, slots=True)
class GapChange:
    """A gap that is new or gone."""

    state: State
    ref: Ref
    gap: Gap


@dataclass(frozen=True, slots=True)
class CaseChange:
    """A case that is new or gone, or whose reasons or copies have changed."""

    state: State
    case: Case


@dataclass(frozen=True, slots=True)
class NumberChange:
    """A number that has changed: of files, samples or subjects, or of coverage."""

    group: str
    name: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class ReportDiff:
    """What has changed from one run to another.

    Attributes:
        old: The earlier report, as it may be shown.
        new: The later one.
        notice: How the comparison may be used, and what limits it.
        differences: In sentences, what differs in what the runs were asked: then a change may come from that.
        findings: The findings that are new, changed or gone, in order of subject; read anew each time.
        gaps: The gaps that are new or gone, in order of subject; read anew each time.
        cases: The cases that are new, changed or gone.
        numbers: The counts that have changed.
        finding_counts: How many findings are in which state, by severity.
        gap_counts: How many gaps are in which state.
        unchanged: How many findings are the same.
    """

    old: Report
    new: Report
    notice: str = ""
    differences: tuple[str, ...] = ()
    findings: Iterable[FindingChange] = ()
    gaps: Iterable[GapChange] = ()
    cases: tuple[CaseChange, ...] = ()
    numbers: tuple[NumberChange, ...] = ()
    finding_counts: Mapping[tuple[State, Severity], int] = field(default_factory=dict)
    gap_counts: Mapping[State, int] = field(default_factory=dict)
    unchanged: int = 0

    def number_of_findings(self, state: State) -> int:
        """Return how many findings are in a state."""
        return sum(number for (one, _), number in self.finding_counts.items() if one == state)


def compare_reports(old: Report, new: Report, options: RenderOptions, wants: Sequence[Mapping[str, Any]]) -> ReportDiff:
    """Compare two reports, redacted as ``options`` ask.

    Args:
        old: The earlier report.
        new: The later one.
        options: Who reads it.
        wants: What each of the two runs was asked, as its ``run.json`` says.
    """
    without_share = replace(options, share=False)
    old, new = redact(old, without_share), redact(new, without_share)
    findings = RepeatableStream(lambda: _finding_changes(old, new))
    gaps = RepeatableStream(lambda: _gap_changes(old, new))
    unchanged = 0
    counts: Counter[tuple[State, Severity]] = Counter()
    for pair in _pair_findings(old, new):
        change = _change_of(*pair)
        if change:
            counts[change.state, change.finding.severity] += 1
        else:
            unchanged += 1
    notice = report_notice(new, options)
    if options.share:
        notice = report_notice(redact(new, replace(options, audience="operator")), options)
    elif counts or unchanged:
        notice = notice.replace(NO_SUBJECTS, CONFIDENTIAL)
    diff = ReportDiff(
        old,
        new,
        notice,
        _differences(old, new, wants, is_shared=options.share),
        findings,
        gaps,
        tuple(_case_changes(old.cases, new.cases)),
        tuple(_number_changes(old, new, is_shared=options.share)),
        counts,
        Counter(change.state for change in gaps),
        unchanged,
    )
    return _Numbering(diff).redacted() if options.share else diff


def exit_code(old: Report, new: Report, fail_on: str) -> int:
    """Return the exit code of a comparison of two whole reports.

    Args:
        old: The earlier report.
        new: The later one.
        fail_on: The least severity that counts: note, warning or error; never: none does.

    Returns:
        1 if a finding is new at or above ``fail_on``, or has become as severe; else 3 if there are new gaps or the
        later run is not complete, lacks parts or is one part itself; else 0.
    """
    if fail_on != "never":
        counted = SEVERITIES[SEVERITIES.index(fail_on) :]

        def counts(finding: Finding | None) -> bool:
            return finding is not None and finding.outcome == "FLAGGED" and finding.severity in counted

        if any(counts(change.after) and not counts(change.before) for change in _finding_changes(old, new)):
            return 1
    has_new_gaps = any(change.state == "new" for change in _gap_changes(old, new))
    return 3 if has_new_gaps or _lacks_something(new) else 0


def _lacks_something(report: Report) -> bool:
    """Return whether a run did not read all that it was asked of its targets, whatever the gaps say."""
    return not report.complete or report.part.of > 1 or bool(report.notes.asked_differently)


def headline(diff: ReportDiff) -> str:
    """Return the sentence that says how much two reports differ."""
    parts = []
    for state in STATES:
        number = diff.number_of_findings(state)
        by_severity = ((diff.finding_counts.get((state, severity), 0), severity) for severity in reversed(SEVERITIES))
        severities = ", ".join(count_with_noun(one, severity) for one, severity in by_severity if one)
        parts.append(f"{number:,} {state}" + (f" ({severities})" if number else ""))
    gaps = " and ".join(f"{diff.gap_counts.get(state, 0):,} {state}" for state in ("new", "gone"))
    cases = Counter(change.state for change in diff.cases)
    of_cases = f" Cases: {', '.join(f'{cases[state]:,} {state}' for state in STATES)}."
    shown = "" if diff.new.audience == "author" else of_cases  # authors are not told whether there are any
    return f"Findings: {', '.join(parts)}, {diff.unchanged:,} the same.{shown} Gaps: {gaps}."


def _merge_groups(
    old: Iterable[T], new: Iterable[T], subject: Callable[[T], tuple[str, str]]
) -> Iterator[tuple[list[T], list[T]]]:
    """Yield what two reports say of each subject of either, in order of subject."""
    groups = [((key, list(items)) for key, items in groupby(stream, subject)) for stream in (old, new)]
    left, right = (next(stream, None) for stream in groups)
    while left or right:
        if right is None or (left is not None and left[0] < right[0]):
            assert left
            yield left[1], []
            left = next(groups[0], None)
        elif left is None or right[0] < left[0]:
            yield [], right[1]
            right = next(groups[1], None)
        else:
            yield left[1], right[1]
            left, right = next(groups[0], None), next(groups[1], None)


def _pair_findings(old: Report, new: Report) -> Iterator[tuple[Finding | None, Finding | None]]:
    """Yield each finding of two reports as it was and as it is."""
    for before, after in _merge_groups(old.findings, new.findings, lambda one: (one.kind, one.subject)):
        left, right = ({(one.rule, one.fact): one for one in reversed(found)} for found in (before, after))
        for key in sorted(left.keys() | right.keys()):
            yield left.get(key), right.get(key)


def _change_of(before: Finding | None, after: Finding | None) -> FindingChange | None:
    """Return the change of a finding between two reports; None if it is the same."""
    if before is None or after is None:
        return FindingChange("new" if before is None else "gone", before, after)
    if (before.severity, before.outcome) != (after.severity, after.outcome):
        return FindingChange("changed", before, after)
    return None


def _finding_changes(old: Report, new: Report) -> Iterator[FindingChange]:
    """Yield the findings that differ between two reports."""
    return (change for pair in _pair_findings(old, new) if (change := _change_of(*pair)))


def _gap_changes(old: Report, new: Report) -> Iterator[GapChange]:
    """Yield the gaps that only one of two reports has."""
    for before, after in _merge_groups(old.gaps, new.gaps, lambda one: (one[0].kind, one[0].name)):
        left, right = (
            {(gap.what, gap.why, gap.place.uri): (ref, gap) for ref, gap in found} for found in (before, after)
        )
        yield from (GapChange("new", *right[key]) for key in sorted(right.keys() - left.keys()))
        yield from (GapChange("gone", *left[key]) for key in sorted(left.keys() - right.keys()))


def _case_changes(old: Sequence[Case], new: Sequence[Case]) -> Iterator[CaseChange]:
    """Yield the cases that differ between two reports, those of the later one first."""
    before = {case.id: case for case in old}
    for case in new:
        earlier = before.pop(case.id, None)
        if earlier is None:
            yield CaseChange("new", case)
        elif _substance(earlier) != _substance(case):
            yield CaseChange("changed", case)
    yield from (CaseChange("gone", case) for case in before.values())


def _substance(case: Case) -> tuple[set[str], set[Ref]]:
    """Return what makes a case of two reports the same: its reasons and copies."""
    return {reason.fingerprint for reason in case.reasons}, set(case.copies)


def _number_changes(old: Report, new: Report, *, is_shared: bool) -> Iterator[NumberChange]:
    """Yield the counts that differ between two reports; reasons may hold names, which are not shared."""
    groups: dict[str, tuple[Mapping[Any, int], Mapping[Any, int]]] = {
        "files": (_count_fields(old.tally.files), _count_fields(new.tally.files)),
        "samples": (_count_fields(old.tally.samples), _count_fields(new.tally.samples)),
        "subjects": (old.subjects, new.subjects),
        "coverage": (dict(coverage_counts(old)), dict(coverage_counts(new))),
    }
    if not is_shared:
        groups["reasons"] = (old.tally.reasons, new.tally.reasons)
    for group, (before, after) in groups.items():
        for name in sorted(before.keys() | after.keys()):
            if before.get(name, 0) != after.get(name, 0):
                yield NumberChange(group, str(name), before.get(name, 0), after.get(name, 0))


def _count_fields(count: Count) -> Mapping[str, int]:
    """Return the numbers of a count by their names, for the comparison of reports."""
    return {one.name: getattr(count, one.name) for one in fields(count)}


def _differences(old: Report, new: Report, wants: Sequence[Mapping[str, Any]], *, is_shared: bool) -> tuple[str, ...]:
    """Return in sentences what differs in what two reports' runs were asked."""
    found: list[str] = []
    if old.targets != new.targets:
        named = "" if is_shared else f": {_names(old.targets)} → {_names(new.targets)}"
        found.append(f"The targets differ{named}.")
    if old.version != new.version:
        found.append(f"Another auditor: {printable(old.version)} → {printable(new.version)}.")
    before, after = old.policy, new.policy
    if before.profile != after.profile:
        found.append(f"Another profile: {printable(before.profile)} → {printable(after.profile)}.")
    rules = {rule.id: rule for rule in before.rules}, {rule.id: rule for rule in after.rules}
    for words, ids in (("only later", rules[1].keys() - rules[0]), ("only earlier", rules[0].keys() - rules[1])):
        if ids:
            found.append(f"Rules that there are {words}: {_names(sorted(ids))}.")
    lists = [{known.name: known for known in policy.lists} for policy in (before, after)]
    for name in sorted(lists[0].keys() | lists[1].keys()):
        earlier, later = lists[0].get(name), lists[1].get(name)
        if earlier is None or later is None:
            found.append(f"List {printable(name, 80)} was loaded {'only later' if later else 'only earlier'}.")
        elif earlier.sha256 != later.sha256:
            versions = f"{printable(earlier.version, 40)} → {printable(later.version, 40)}"
            found.append(f"List {printable(name, 80)} is another version: {versions}.")
    options = sorted(key for key in wants[0].keys() | wants[1].keys() if wants[0].get(key) != wants[1].get(key))
    if options := [key.replace("_", "-") for key in options if key not in _UNCOMPARED_OPTIONS]:
        found.append(f"Read with other options: {', '.join(options)}.")
    if not found and before.fingerprint != after.fingerprint:
        found.append("The runs were judged under other rules, vocabularies or lists.")
    for words, report in (("earlier", old), ("later", new)):
        if _lacks_something(report):
            found.append(f"The {words} run is not complete: what it lacks may be what it did not read.")
    return tuple(found)


def _names(names: Sequence[str]) -> str:
    """Return the first few of the names in which reports differ."""
    more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    return ", ".join(printable(name, 80) for name in names[:5]) + more


class _Numbering:
    """Replaces the names in a comparison of reports by numbers: one number a subject, in both reports."""

    def __init__(self, diff: ReportDiff) -> None:
        self._diff = diff
        self._numbers: dict[tuple[str, str], int] = {}
        self._last: Counter[str] = Counter()
        self._titles = {rule.id: rule.title for report in (diff.old, diff.new) for rule in report.policy.rules}

    def redacted(self) -> ReportDiff:
        """Return the comparison without any name or text of the targets."""
        diff = self._diff
        return replace(
            diff,
            cases=tuple(CaseChange(one.state, self._case(one.case)) for one in diff.cases),
            findings=RepeatableStream(
                lambda: (
                    FindingChange(
                        one.state, one.before and self._finding(one.before), one.after and self._finding(one.after)
                    )
                    for one in diff.findings
                )
            ),
            gaps=RepeatableStream(
                lambda: (
                    GapChange(one.state, self._ref(one.ref), Gap(one.gap.what, GAP_KINDS.get(one.gap.what, "")))
                    for one in diff.gaps
                )
            ),
        )

    def _ref(self, ref: Ref) -> Ref:
        """Return a subject under its number, in every comparison of reports the same."""
        key = (ref.kind, ref.name)
        if key not in self._numbers:
            self._last[ref.kind] += 1
            self._numbers[key] = self._last[ref.kind]
        return Ref(ref.kind, f"{ref.kind} {self._numbers[key]}")

    def _finding(self, finding: Finding) -> Finding:
        """Return a finding of a comparison of reports without any name or text of the targets."""
        title = self._titles.get(finding.rule) or finding.rule
        subject = self._ref(finding.ref).name
        return finding._replace(subject=subject, revision="", fact=title, place=Place(""), remark="")

    def _case(self, case: Case) -> Case:
        """Return a case of a comparison of reports without any name."""
        return Case(
            case.ground,
            case.kind,
            self._ref(case.ref).name,
            "",
            tuple(map(self._finding, case.reasons)),
            tuple(map(self._ref, case.copies)),
        )
