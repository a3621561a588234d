"""The de-index list that would be built now, compared with what each recipient was last sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.page import ledger_queries
from auditor.review.case_state import CaseState
from auditor.review.review_types import Decision

if TYPE_CHECKING:
    from auditor.deindex.hubs import Hub
from auditor.page.requests import PageRequest
from auditor.page.responses import Page

MAX_SHOWN_CHANGES = 200


MAX_COMPARED_CASES = 1000  # decided cases that one page compares


@dataclass(frozen=True, slots=True)
class ListChange:
    """What would happen to one decision's entries: new, changed, kept, removed or held back."""

    change: str
    decision: Decision
    addresses: tuple[str, ...] = ()
    held: tuple[str, ...] = ()


def list_preview_page(page_request: PageRequest) -> Page:
    """Return the entries that a list built now would have, compared with what each recipient was last sent."""
    now = page_request.ledger.now
    cases, total = ledger_queries.decided_cases(page_request.ledger.folder, MAX_COMPARED_CASES)
    states = [page_request.ledger.state(case) for case in cases]
    recipients = sorted(
        {recipient for state in states for recipient in state.listed} | {*page_request.service.recipients}
    )
    to = page_request.query.get("to", recipients[0] if recipients else "")
    sent = ledger_queries.last_listed_decisions(page_request.ledger.folder, to)
    hubs = page_request.service.hubs
    lines = [line for state in states for line in _list_changes(state, to, sent.get(state.id, ""), now, hubs)]
    order = ("removed", "new", "changed", "held back", "kept")
    counts = {change: sum(line.change == change for line in lines) for change in order}
    lines.sort(key=lambda line: (order.index(line.change), line.decision.subject.name))
    return Page(
        "listing.html",
        {
            "lines": lines[:MAX_SHOWN_CHANGES],
            "left_out": max(len(lines) - MAX_SHOWN_CHANGES, 0),
            "compared": MAX_COMPARED_CASES,
            "total": total,
            "counts": counts,
            "recipients": recipients,
            "to": to,
            "due": sum(line.decision.is_due_for_review(now) for line in lines),
        },
    )


def _list_changes(state: CaseState, to: str, sent: str, now: str, hubs: Mapping[str, Hub]) -> Iterator[ListChange]:
    """Yield what a new de-index list would change for a case and a recipient."""
    from auditor.deindex.entries import DeindexEntry, EntryContext, build_entries

    before = sent if to in state.listed else ""
    standing = next((decision for decision in state.in_force if decision.is_in_force(now)), None)
    made = list(build_entries(standing, EntryContext(b"", to, now, hubs=hubs))) if standing else []
    if standing is None or not made:
        if before:
            yield from (ListChange("removed", gone) for gone in state.decisions if gone.id == before)
        return
    listed = [entry for entry in made if isinstance(entry, DeindexEntry)]
    held = tuple(f"{entry.subject.name}: {entry.why}" for entry in made if not isinstance(entry, DeindexEntry))
    addresses = tuple(
        f"{host}{path}{'…' if prefix else ''}"
        for entry in listed
        for host in entry.locators.hosts
        for prefix, paths in ((False, entry.locators.exact), (True, entry.locators.prefix))
        for path in paths
    )
    if not listed:
        change = "removed" if before else "held back"
    else:
        change = "new" if not before else "kept" if before == standing.id else "changed"
    yield ListChange(change, standing, addresses, held)
