"""What a baseline accepts of a report, in sentences and as JSON: counted and named in every format."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from auditor.model import Ref
from auditor.pipeline.baseline import BaselineEntry
from auditor.pipeline.report import Report
from auditor.plurals import count_with_noun
from auditor.printable import printable
from auditor.reporting.labels import subject_label

_MAX_NAMED = 3  # of what one sentence is about


def acceptance_notice(report: Report) -> str:
    """Return the sentence that a report with acceptances begins with; "" if nothing is accepted."""
    accepted = report.accepted
    counts = ((accepted.finding_count, "finding"), (accepted.gap_count, "gap"))
    parts = [count_with_noun(number, noun) for number, noun in counts if number]
    if not parts:
        return ""
    verb = "is" if accepted.finding_count + accepted.gap_count == 1 else "are"
    return f"{' and '.join(parts)} {verb} accepted by {printable(accepted.baseline, 80)} and not among the others."


def acceptance_sentences(report: Report) -> tuple[str, ...]:
    """Return what a report's baseline accepts, a sentence for each owner, day and reason, then its other entries.

    These are the entries that have expired, and those that accept nothing.
    """
    accepted = report.accepted
    name = printable(accepted.baseline, 80)
    used = (
        f"{count_with_noun(len(entries), noun)} accepted by {name} ({printable(owner, 80)}, until {expires}): "
        f"{_what_all(entries)}. Reason: {printable(reason, 300)}"
        for noun, found in (("finding", accepted.findings), ("gap", accepted.gaps))
        for (owner, expires, reason), entries in _by_decision(entry for *_, entry in found).items()
    )
    expired = (
        f"An acceptance in {name} expired on {entry.expires}, and what it accepted counts again: {_what(entry)} "
        f"({printable(entry.owner, 80)})."
        for entry in accepted.expired
    )
    unused = (
        f"Entry {entry.number} of {name} accepts nothing: {_what(entry)}. It is not found any more, or its file has "
        "changed or cannot be read."
        for entry in accepted.unused
    )
    return (*used, *expired, *unused)


def entry_json(entry: BaselineEntry) -> dict[str, Any]:
    """Return an entry as JSON reports name it beside what it accepts."""
    return {
        "entry": entry.number,
        **({"rule": entry.rule} if entry.rule else {"gap": entry.gap}),
        "kind": entry.kind,
        "subject": entry.subject,
        "owner": entry.owner,
        "reason": entry.reason,
        "expires": entry.expires.isoformat(),
    }


def _by_decision(entries: Iterable[BaselineEntry]) -> dict[tuple[str, date, str], list[BaselineEntry]]:
    """Return the entries of acceptances, one for each finding or gap, by owner, last day and reason."""
    found: dict[tuple[str, date, str], list[BaselineEntry]] = {}
    for entry in entries:
        found.setdefault((entry.owner, entry.expires, entry.reason), []).append(entry)
    return found


def _what_all(entries: Iterable[BaselineEntry]) -> str:
    """Return what the entries of acceptances accept: the first few, and how many more."""
    texts = list(dict.fromkeys(map(_what, entries)))
    more = f" and {len(texts) - _MAX_NAMED:,} more" if len(texts) > _MAX_NAMED else ""
    return "; ".join(texts[:_MAX_NAMED]) + more


def _what(entry: BaselineEntry) -> str:
    """Return what an entry accepts, as a sentence on acceptances names it."""
    return f"{printable(entry.what, 120)}, {printable(subject_label(Ref(entry.kind, entry.subject)))}"
