"""Apply a baseline to a report: what it accepts leaves the findings and gaps, and stays counted and named.

It is applied to a finished report, so that a run can be shown under another baseline. A match, a listed model and a
case are never accepted, nor is a finding or gap that no file shows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from auditor.model import Finding, Gap, Ref
from auditor.pipeline.baseline import Acceptances, Baseline, BaselineEntry, read_baseline, why_not_acceptable
from auditor.pipeline.evidence_files import EvidenceFiles, evidence_file
from auditor.pipeline.file_counts import FileCounts
from auditor.pipeline.repeatable_stream import RepeatableStream
from auditor.pipeline.report import Report
from auditor.pipeline.run_folder import read_run, untrusted_roots
from auditor.pipeline.shard_writer import NO_ANSWERABLE_HASH, NO_SAMPLE_LIST, reason_category

T = TypeVar("T")

# Gaps that a fault of our own or a lost worker left: scanning again closes them.
_OWN_GAPS = frozenset({"judgement", "shard"})
# Reasons in a file's counts that leave no gap.
_NO_GAPS = frozenset({NO_ANSWERABLE_HASH, NO_SAMPLE_LIST})

# (rule or reason of a gap, kind and name of the subject)
Question = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Acceptable:
    """What could be accepted of a report, with the SHA-256 of the files that show it.

    Attributes:
        findings: Flagged findings, each with its file and that file's digest ("": it cannot be had).
        gaps: Gaps with their subjects, each with the files that have it and their digests.
        files: What became of the files of those gaps.
    """

    findings: tuple[tuple[Finding, str, str], ...] = ()
    gaps: tuple[tuple[Ref, Gap, Mapping[str, str]], ...] = ()
    files: Mapping[str, Sequence[FileCounts]] = field(default_factory=dict)


def apply_baseline(report: Report, baseline: Baseline) -> Report:
    """Return the report without what the baseline accepts, which ``accepted`` then holds.

    Raises:
        UsageError: The baseline names a rule that does not exist or whose findings cannot be accepted.
    """
    baseline.check_rules(report.policy.rules)
    by_question: defaultdict[Question, list[BaselineEntry]] = defaultdict(list)
    for entry in baseline.entries:
        by_question[entry.what, entry.kind, entry.subject].append(entry)
    candidates = find_acceptable(
        report,
        lambda finding: (finding.rule, finding.kind, finding.subject) in by_question,
        lambda ref, gap: (reason_category(gap.why), ref.kind, ref.name) in by_question,
    )
    matched: set[int] = set()

    def find_entry(question: Question, digest: str, *, of_rule: bool) -> BaselineEntry | None:
        """Return the entry that accepts this, and note it as matched; one whose last day is over accepts nothing."""
        fitting = [one for one in by_question.get(question, ()) if digest in one.sha256 and bool(one.rule) == of_rule]
        for entry in sorted(fitting, key=lambda one: one.has_expired)[:1]:  # one that was renewed comes first
            matched.add(entry.number)
            return None if entry.has_expired else entry
        return None

    findings = tuple(
        (finding, accepting)
        for finding, _, digest in candidates.findings
        if digest and (accepting := find_entry((finding.rule, finding.kind, finding.subject), digest, of_rule=True))
    )
    gaps: list[tuple[Ref, Gap, BaselineEntry]] = []
    reasons_by_file: defaultdict[str, set[str]] = defaultdict(set)
    for ref, gap, files in candidates.gaps:
        why = reason_category(gap.why)
        found = {uri: find_entry((why, ref.kind, ref.name), digest, of_rule=False) for uri, digest in files.items()}
        used = [entry for entry in found.values() if entry]
        for uri in (uri for uri, accepting in found.items() if accepting):
            reasons_by_file[uri].add(why)
        if used and len(used) == len(found):  # one gap may stand for several files
            gaps.append((ref, gap, used[0]))
    accepted_files = [
        counts
        for uri, reasons in reasons_by_file.items()
        for counts in candidates.files.get(uri, ())
        if counts.reasons.keys() - _NO_GAPS <= reasons
    ]
    flagged = Counter((finding.rule, finding.outcome, finding.severity) for finding, _ in findings)
    return replace(
        report,
        findings=_without(report.findings, {finding for finding, _ in findings}),
        gaps=_without(report.gaps, {(ref, gap) for ref, gap, _ in gaps}),
        flagged={key: number - flagged[key] for key, number in report.flagged.items() if number > flagged[key]},
        unread=report.unread - len(gaps),
        accepted=Acceptances(
            baseline.name,
            findings,
            tuple(gaps),
            dict(flagged),
            len(gaps),
            sum(counts.files.errored for counts in accepted_files),
            sum(counts.samples.errored for counts in accepted_files),
            tuple(entry for entry in baseline.entries if entry.has_expired and entry.number in matched),
            tuple(entry for entry in baseline.entries if entry.number not in matched),
        ),
    )


def apply_baseline_file(report: Report, path: Path) -> Report:
    """Apply a baseline file to the report of a finished run, whose targets must not have brought it.

    Raises:
        UsageError: The file cannot be used.
    """
    targets = untrusted_roots([read_run(report.folder)]) if report.folder else ()
    return apply_baseline(report, read_baseline(path, targets=targets))


def _without(items: Iterable[T], accepted: Collection[T]) -> Iterable[T]:
    """Return the findings or gaps of a report that are not accepted."""
    return RepeatableStream(lambda: (item for item in items if item not in accepted)) if accepted else items


def find_acceptable(
    report: Report, asks_finding: Callable[[Finding], bool], asks_gap: Callable[[Ref, Gap], bool]
) -> Acceptable:
    """Return what of a report could be accepted.

    Args:
        report: The report of a run whose folder is at hand.
        asks_finding: Whether a finding is asked for.
        asks_gap: Whether a gap of a subject is asked for.
    """
    if report.folder is None:
        return Acceptable()
    acceptable = {rule.id for rule in report.policy.rules if not why_not_acceptable(rule)}
    of_cases = {reason for case in report.cases for reason in case.reasons}
    findings = [
        finding
        for finding in report.findings
        if asks_finding(finding)
        and finding.outcome == "FLAGGED"
        and finding.rule in acceptable
        and finding not in of_cases
    ]
    gaps = [(ref, gap) for ref, gap in report.gaps if asks_gap(ref, gap) and gap.what not in _OWN_GAPS]
    cards = report.card_places({finding.ref for finding in findings if not finding.place.uri})
    shown_by = {
        finding: evidence_file((finding.place if finding.place.uri else cards.get(finding.ref, finding.place)).uri)
        for finding in findings
    }
    run = EvidenceFiles(report.folder)
    with_same_gap: defaultdict[tuple[Ref, str], set[str]] = defaultdict(set)
    for counts in run.with_unread_samples({ref for ref, gap in gaps if gap.what == "samples"}):
        for why in counts.reasons:
            with_same_gap[counts.subject, why].add(counts.uri)
    files = {
        (ref, gap): {
            evidence_file(gap.place.uri),
            *(with_same_gap[ref, reason_category(gap.why)] if gap.what == "samples" else ()),
        }
        - {""}
        for ref, gap in gaps
    }
    digests = run.digests({*shown_by.values(), *(uri for uris in files.values() for uri in uris)} - {""})
    return Acceptable(
        tuple((finding, shown_by[finding], digests.get(shown_by[finding], "")) for finding in findings),
        tuple((ref, gap, {uri: digests.get(uri, "") for uri in sorted(files[ref, gap])}) for ref, gap in gaps),
        run.counts({uri for uris in files.values() for uri in uris}),
    )
