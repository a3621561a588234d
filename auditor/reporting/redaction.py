"""What a report may show to whom: the whole report, one without names, or one for authors.

Every format starts from :func:`redact`, so no format can show a name that another leaves out.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from auditor.errors import UsageError
from auditor.model import GAP_KINDS, Case, Finding, Gap, Place, Ref
from auditor.pipeline.baseline import Acceptances
from auditor.pipeline.repeatable_stream import RepeatableStream
from auditor.pipeline.report import AncestorNote, Report
from auditor.reporting.acceptances import acceptance_notice
from auditor.reporting.author_view import AUTHOR, make_author_view
from auditor.reporting.coverage import nothing_read_or_compared
from auditor.reporting.guidance import rehearsal_notice
from auditor.reporting.render_options import RenderOptions
from auditor.reporting.sample_text import part_notice, sample_notice

CONFIDENTIAL = "Confidential: unproven until reviewed"
RESTRICTED = "RESTRICTED: shows where matched samples are; for those who handle the reports by law or duty"
SHARED = "Shared without names: subjects are numbered, facts are those of the rules, remarks and places are left out"
TARGET_TRUSTED = "The target was trusted (--trust-target): its own files could leave out and accept things."
NO_SUBJECTS = "Provenance audit"  # of a report that names no subject


def redact(report: Report, options: RenderOptions) -> Report:
    """Redact the report as ``options`` allow it to be shown.

    Raises:
        UsageError: Places are to be shared, or shown to authors.
    """
    if options.places and options.share:
        raise UsageError("--places and --share cannot be used together: places are never shared; choose one of them")
    if options.places and options.audience == "author":
        raise UsageError("--places and --audience author cannot be used together: authors are shown no places")
    if options.audience == "author":
        report = make_author_view(report)
    return _Pseudonymizer(report).redacted() if options.share else report


def report_notice(report: Report, options: RenderOptions) -> str:
    """Return the first line of a redacted or whole report: :func:`notice_sentences`."""
    return " ".join(notice_sentences(report, options))


def notice_sentences(report: Report, options: RenderOptions) -> tuple[str, ...]:
    """Return the sentences that a report begins with.

    They say if it is a rehearsal, if the target was trusted, if a part, a sample or nothing was read or compared,
    how much is accepted, and how the report may be used.
    """
    trusted = TARGET_TRUSTED if report.is_target_trusted else ""
    accepted = acceptance_notice(report)
    for_author = f"{AUTHOR}." if report.audience == "author" else ""
    use = _permitted_use(report, options)
    read = (*part_notice(report), *sample_notice(report), *nothing_read_or_compared(report))
    return tuple(filter(None, (*rehearsal_notice(report), trusted, *read, accepted, for_author, use)))


def _permitted_use(report: Report, options: RenderOptions) -> str:
    """Return how a report may be used, by what redaction left in it."""
    if options.places:
        return f"{RESTRICTED}. {CONFIDENTIAL}"
    if options.share:
        return f"{SHARED}. {CONFIDENTIAL}"
    accepted = (report.accepted.findings, report.accepted.gaps)
    names_subjects = any(True for stream in (report.cases, *accepted, report.findings, report.gaps) for _ in stream)
    return CONFIDENTIAL if names_subjects else NO_SUBJECTS


def _accepted_counts(accepted: Acceptances) -> Acceptances:
    """Return what a redacted report says of acceptances: how many there are, without any name."""
    return replace(
        accepted, baseline="a baseline" if accepted.baseline else "", findings=(), gaps=(), expired=(), unused=()
    )


class _Pseudonymizer:
    """Replaces the names of subjects by numbers.

    Subjects of cases and lineage (already in memory) are numbered first; all others in the order of the sorted
    streams, so memory does not grow with the run and a subject has one number in findings and gaps.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self._last_number: Counter[str] = Counter()  # by kind
        self._numbered: dict[Ref, Ref] = {}
        self._titles = {rule.id: rule.title for rule in report.policy.rules}
        for case in report.cases:
            for ref in (case.ref, *case.copies, *(reason.ref for reason in case.reasons)):
                self._assign_number(ref)
        for edge in report.lineage:
            self._assign_number(edge.parent)
            self._assign_number(edge.child)

    def redacted(self) -> Report:
        """Return the report with numbers instead of names, and without any text of the targets."""
        report = self._report
        return replace(
            report,
            targets=tuple(f"target {number}" for number, _ in enumerate(report.targets, 1)),
            tally=replace(report.tally, reasons={}),
            sampled=report.sampled and report.sampled.without_names(),
            findings=RepeatableStream(self._findings),
            gaps=RepeatableStream(self._gaps),
            cases=tuple(self._redact_case(case) for case in report.cases),
            lineage=tuple(
                replace(edge, child=self._numbered[edge.child], parent=self._numbered[edge.parent], source="")
                for edge in report.lineage
            ),
            accepted=_accepted_counts(report.accepted),
            ancestors=tuple(AncestorNote(note.what, why=note.why) for note in report.ancestors if note.why),
            restricted=None,
            facts=None,
            folder=None,
        )

    def _assign_number(self, ref: Ref) -> None:
        """Assign the number that replaces a subject's name in a redacted report."""
        if ref not in self._numbered:
            self._last_number[ref.kind] += 1
            self._numbered[ref] = Ref(ref.kind, f"{ref.kind} {self._last_number[ref.kind]}")

    def _redact_case(self, case: Case) -> Case:
        """Return a case with numbers instead of names."""
        return Case(
            case.ground,
            case.kind,
            self._numbered[case.ref].name,
            "",
            tuple(self._redact_finding(reason, self._numbered[reason.ref]) for reason in case.reasons),
            tuple(self._numbered[copy] for copy in case.copies),
        )

    def _numbered_stream(self) -> Iterator[tuple[Ref, Finding | Gap]]:
        """Yield findings and gaps together in order of subject, each with its numbered subject."""
        findings: Iterable[tuple[Ref, Finding | Gap]] = ((finding.ref, finding) for finding in self._report.findings)
        gaps: Iterable[tuple[Ref, Finding | Gap]] = self._report.gaps
        last_number, previous, numbered = Counter(self._last_number), None, Ref("model", "")
        for ref, item in heapq.merge(findings, gaps, key=lambda pair: pair[0]):
            if ref != previous:
                previous = ref
                if ref not in self._numbered:
                    last_number[ref.kind] += 1
                numbered = self._numbered.get(ref) or Ref(ref.kind, f"{ref.kind} {last_number[ref.kind]}")
            yield numbered, item

    def _findings(self) -> Iterator[Finding]:
        """Yield the findings of a redacted report."""
        return (self._redact_finding(item, ref) for ref, item in self._numbered_stream() if isinstance(item, Finding))

    def _gaps(self) -> Iterator[tuple[Ref, Gap]]:
        """Yield the gaps with numbered subjects and the general meaning as the reason."""
        return (
            (ref, Gap(item.what, GAP_KINDS.get(item.what, "")))
            for ref, item in self._numbered_stream()
            if isinstance(item, Gap)
        )

    def _redact_finding(self, finding: Finding, ref: Ref) -> Finding:
        """Return a finding without any name or text of the targets, for a redacted report."""
        title = self._titles.get(finding.rule) or finding.rule
        return finding._replace(subject=ref.name, revision="", fact=title, place=Place(""), remark="")
