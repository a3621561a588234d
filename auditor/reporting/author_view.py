"""Make the view of a report that authors of models and datasets, and whoever reads a public log, may see.

What concerns known content, listed models, cases and terms of an operator's own vocabulary is replaced by one finding
for each subject, :data:`HELD_RULE`: no list, entry, count, rule, reason or place of it is shown. All other findings
stay as they are. The exit code is that of the whole report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from auditor.extensions import LIST_FORMATS
from auditor.model import KINDS, SEVERITIES, Finding, Gap, Kind, Outcome, Ref, Rule, Severity
from auditor.pipeline.baseline import Acceptances, why_not_acceptable
from auditor.pipeline.repeatable_stream import RepeatableStream
from auditor.pipeline.report import Notes, Report

if TYPE_CHECKING:
    from auditor.screening.screener import Screening

FlaggedKey = tuple[str, Outcome, Severity]

AUTHOR = (
    "For authors: what people must check first is only marked as held for a check by people, and lists and what was "
    "compared with them are not shown"
)
HELD_FACT = "held for a check by people"
HELD_RULE = Rule(
    id="held-for-review",
    title="Held for a check by people",
    applies=KINDS,
    check="stated",
    params={},
    severity="error",
    why=(
        "Something about this repository is checked by people before anything else is said of it. This report does not "
        "tell what it is, because it may be read by anyone. It is no proof of anything."
    ),
    fix="For this, the author need not change anything. The repository waits: those who run this audit see the "
    "details in the run's folder, and decide.",
)

# Rules that show what a vocabulary holds which its owner may keep confidential.
HELD_RULE_IDS = frozenset({"operator-term"})
_NOT_COMPARED = "Nothing was compared with a list that was loaded."
_ASKED_DIFFERENTLY = "Not the same was asked of all runs that this report is made from."


def is_held(rule: Rule) -> bool:
    """Return whether findings of a rule are held: those that cannot be accepted, and of an operator's vocabulary."""
    return rule.id in HELD_RULE_IDS or bool(why_not_acceptable(rule))


def author_answer(answer: Screening, lists: Iterable[str]) -> Screening:
    """Return the answer to a screened picture as an author may see it: a match is held, and no list is named.

    Args:
        answer: The answer.
        lists: The names of the lists that it may name.
    """
    if answer.outcome == "match":
        return replace(answer, lists=(), why=HELD_FACT)
    why = answer.why
    for name in sorted(lists, key=len, reverse=True):
        why = why.replace(name, "a list")
    return replace(answer, why=why)


def make_author_view(report: Report) -> Report:
    """Return the report as an author may see it; findings and gaps are still read from disk as they go."""
    policy = report.policy
    held = frozenset(rule.id for rule in policy.rules if is_held(rule))
    # What is known of a list is stated of a document that is named after it.
    documents = frozenset(Ref("document", f"list {known.name}", known.version) for known in policy.lists)

    def findings() -> Iterator[Finding]:
        return _hold_findings((one for one in report.findings if one.ref not in documents), held)

    def gaps() -> Iterator[tuple[Ref, Gap]]:
        return ((ref, gap) for ref, gap in report.gaps if ref not in documents)

    return replace(
        report,
        audience="author",
        sampled=report.sampled and report.sampled.without_matches(),
        policy=replace(
            policy,
            rules=(*(rule for rule in policy.rules if rule.id not in held), HELD_RULE),
            lists=(),
            hides_lists=bool(policy.lists),
            extensions=tuple(one for one in policy.extensions if one.group != LIST_FORMATS),
        ),
        tally=replace(report.tally, coverage={}, compared={}, comparisons={}),
        subjects=_count_subjects(report, documents),
        findings=RepeatableStream(findings),
        gaps=RepeatableStream(gaps),
        cases=(),
        flagged=_count_flagged(report.flagged, held, findings),
        lineage=(),
        matches=(),
        restricted=None,
        notes=_generalise_notes(report),
        ancestors=tuple(note for note in report.ancestors if note.why),  # others name lists
        accepted=_without_held(report.accepted, held),
    )


def _hold_findings(findings: Iterable[Finding], held: frozenset[str]) -> Iterator[Finding]:
    """Replace the findings of held rules by one of :data:`HELD_RULE` for each subject, as severe as the severest.

    Args:
        findings: In order of subject.
        held: The ids of the held rules.
    """
    for ref, group in groupby(findings, key=lambda finding: finding.ref):
        shown: list[Finding] = []
        severities: set[Severity] = set()
        for finding in group:
            if finding.rule not in held:
                shown.append(finding)
            elif finding.outcome == "FLAGGED":  # what was not read is a gap, which is shown
                severities.add(finding.severity)
        if severities:
            severity = max(severities, key=SEVERITIES.index)
            shown.append(Finding(HELD_RULE.id, ref.kind, ref.name, ref.revision, "FLAGGED", severity, HELD_FACT))
        yield from sorted(shown, key=lambda finding: finding.rule)


def _count_flagged(
    flagged: Mapping[FlaggedKey, int], held: frozenset[str], findings: Callable[[], Iterator[Finding]]
) -> Mapping[FlaggedKey, int]:
    """Return the counts of a report's findings with those of :data:`HELD_RULE` in place of the held rules'."""
    counts = Counter({key: number for key, number in flagged.items() if key[0] not in held})
    if len(counts) < len(flagged):
        counts.update((one.rule, one.outcome, one.severity) for one in findings() if one.rule == HELD_RULE.id)
    return counts


def _count_subjects(report: Report, documents: frozenset[Ref]) -> Mapping[Kind, int]:
    """Return the number of subjects of a report by kind, without the documents that are about lists."""
    if not documents or not report.subjects.get("document"):
        return report.subjects
    about_lists = {one.ref for one in report.findings if one.ref in documents}
    return Counter(report.subjects) - Counter(ref.kind for ref in about_lists)


def _without_held(accepted: Acceptances, held: frozenset[str]) -> Acceptances:
    """Return what a report's baseline accepts without what it says of held rules."""
    return replace(
        accepted,
        findings=tuple((finding, entry) for finding, entry in accepted.findings if finding.rule not in held),
        flagged={key: number for key, number in accepted.flagged.items() if key[0] not in held},
        expired=tuple(entry for entry in accepted.expired if entry.rule not in held),
        unused=tuple(entry for entry in accepted.unused if entry.rule not in held),
    )


def _generalise_notes(report: Report) -> Notes:
    """Return the notes of a report without the names of lists."""
    notes = ((_NOT_COMPARED, report.nothing_compared), (_ASKED_DIFFERENTLY, report.notes.asked_differently))
    return replace(report.notes, asked_differently=tuple(text for text, names in notes if names))
