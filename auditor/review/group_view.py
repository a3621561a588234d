"""Show the cases of a group, each with what a reviewer must read of it; known innocents look like the others."""

from __future__ import annotations

from dataclasses import dataclass, replace

from auditor.review.case_groups import CaseGroup
from auditor.review.case_state import CaseState
from auditor.review.check_cases import read_check_cases
from auditor.review.ledger import Ledger
from auditor.review.queue import QueueQuery, QueueRow


@dataclass(frozen=True, slots=True)
class MemberReason:
    """One reason of a member: the line that was flagged, where it stands, and the counts."""

    fact: str
    remark: str
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupMember:
    """A case of a group as it is shown: its row of the queue, its reasons, and who recorded that they read it."""

    row: QueueRow
    reasons: tuple[MemberReason, ...]
    copies: int
    readers: frozenset[str]


def read_members(ledger: Ledger, query: QueueQuery, group: CaseGroup) -> tuple[tuple[GroupMember, ...], str]:
    """Return a page of a group's cases with the known innocents beside them, and where the next page starts."""
    page = ledger.queue(replace(query, group=group))
    innocents: dict[str, list[CaseState]] = {}
    ids = {row.case for row in page.rows}
    for one in read_check_cases(ledger.folder, group):
        if one.beside in ids:
            innocents.setdefault(one.beside, []).append(one.state)
    members = []
    for row in page.rows:
        members.append(_member(row, ledger.state(row.case)))
        members += (
            _member(replace(row, case=state.id, subject=state.subject), state) for state in innocents.get(row.case, ())
        )
    return tuple(members), page.next


def _member(row: QueueRow, state: CaseState) -> GroupMember:
    """Return a member of a group with its reasons, each with the places of the statements that it follows from."""
    reasons = tuple(
        MemberReason(
            reason.fact,
            reason.remark,
            tuple(
                dict.fromkeys(
                    str(fact.statement.place)
                    for fact in state.facts
                    if fact.subject.name == reason.subject.name and fact.statement.place.uri
                )
            ),
        )
        for reason in state.reasons
    )
    return GroupMember(row, reasons, len(state.copies) + len(state.joined), state.readers)
