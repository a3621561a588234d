"""The dates that the cases of a ledger have ahead: reviews, expiries, appeals, claims, and what is kept until when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from auditor.review.case_state import CaseState
from auditor.review.ledger import Ledger
from auditor.review.report_case import preserve_until, report_due_at

DateKind = Literal[
    "claim ends", "interim ends", "review by", "expires", "appeal until", "appeal waits", "report by", "preserve until"
]
_LINE_END = "\r\n"


class DueDate(NamedTuple):
    """A date of a case. It names no model and nothing of what was found."""

    at: str  # ISO 8601, UTC
    case: str
    kind: DateKind


def due_dates(ledger: Ledger) -> tuple[DueDate, ...]:
    """Return the dates of all cases that have not passed, and those that have and wait for a person, in order."""
    return tuple(sorted(date for state in ledger.states() for date in _dates_of(state, ledger.now)))


def _dates_of(state: CaseState, now: str) -> Iterator[DueDate]:
    """Yield the dates of one case."""
    if due := report_due_at(state):
        yield DueDate(due, state.id, "report by")
    if kept := preserve_until(state):
        yield DueDate(kept, state.id, "preserve until")
    if state.is_claimed(now):
        yield DueDate(state.claimed_until, state.id, "claim ends")
    for decision in state.in_force:
        if decision.verdict == "interim":
            yield DueDate(decision.expires_at, state.id, "interim ends")
            continue
        yield DueDate(decision.review_by, state.id, "review by")
        yield DueDate(decision.expires_at, state.id, "expires")
        if state.appeal:
            yield DueDate(state.changed_at, state.id, "appeal waits")
        elif decision.appeal_by > now:
            yield DueDate(decision.appeal_by, state.id, "appeal until")


def calendar_text(dates: Iterable[DueDate], origin: str, now: str) -> str:
    """Return dates as a calendar (iCalendar, RFC 5545), each on its day; ``origin`` names the ledger."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//auditor//review//EN", "CALSCALE:GREGORIAN"]
    for date in dates:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{date.case}-{date.kind.replace(' ', '-')}@{origin.rpartition('/')[2]}",
            f"DTSTAMP:{_compact(now)}",
            f"DTSTART;VALUE=DATE:{date.at[:10].replace('-', '')}",
            f"SUMMARY:Case {date.case}: {date.kind}",
            "END:VEVENT",
        ]
    return _LINE_END.join([*lines, "END:VCALENDAR", ""])


def _compact(time: str) -> str:
    """Return a time as iCalendar writes it."""
    return time.replace("-", "").replace(":", "")
