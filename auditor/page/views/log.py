"""The audit log: the newest events, each verified against the signed checkpoint."""

from __future__ import annotations

from contextlib import closing

from auditor.page import ledger_queries
from auditor.page.requests import PageRequest, parse_query_number
from auditor.page.responses import Page
from auditor.page.verification import Verification
from auditor.page.views.history import OPINION_EVENTS, HistoryStep, _event_note
from auditor.review import ledger_storage
from auditor.review.ledger_entries import decode_entry

EVENTS_PER_PAGE = 100


def log_page(page_request: PageRequest, verification: Verification | None = None) -> Page:
    """Return the newest events, or those before a number, each verified against the signed checkpoint.

    Also shows a verification of the whole ledger: this one, or the last if the address asks for it.

    Raises the error with which it ended, if it did.
    """
    if verification is None and page_request.query["verification"]:
        verification = page_request.service.verifier.last
    if verification and verification.error:
        raise verification.error
    before = parse_query_number(page_request.query["before"])
    with closing(ledger_storage.connect_read_only(page_request.ledger.folder)) as database:
        asked = "SELECT body FROM events WHERE number < ? ORDER BY number DESC LIMIT ?"
        events = [decode_entry(body) for (body,) in database.execute(asked, (before, EVENTS_PER_PAGE + 1))]
    more = events[EVENTS_PER_PAGE - 1].number if len(events) > EVENTS_PER_PAGE else 0
    events = events[:EVENTS_PER_PAGE]
    ledger_queries.verify_events(page_request.ledger, events)
    # Opinions are shown on the case's page only, to those who may see them.
    steps = [HistoryStep(event, note="" if event.kind in OPINION_EVENTS else _event_note(event)) for event in events]
    return Page(
        "log.html",
        {
            "steps": steps,
            "more": more,
            "newest": not page_request.query["before"],
            "verification": verification,
            "checkpoint": page_request.ledger.checkpoint(),
            "note": page_request.ledger.checkpoint_note(),
            "earlier": verification.earlier if verification else page_request.form_value("earlier"),
            "witness": verification.witness if verification else page_request.form_value("witness"),
        },
    )
