"""The queue of cases, and the next case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from auditor.errors import UsageError
from auditor.page.requests import PageRequest
from auditor.page.responses import Page, Redirect
from auditor.page.views.categories import hidden_categories
from auditor.reporting.labels import CASE_GROUNDS
from auditor.review.case_reasons import STRENGTH_MEANINGS
from auditor.review.case_state import STAGE_MEANINGS, CaseState
from auditor.review.ledger import Ledger
from auditor.review.queue import QueueQuery, QueueRow
from auditor.timestamps import add_time

QUEUE_TABS: Mapping[str, str] = {
    "open": "you can claim",
    "mine": "yours",
    "all": "all",
    "passed": "you passed",
}


AGES: Mapping[str, str] = {"": "any age", "1": "older than a day", "7": "older than a week", "30": "older than a month"}


ROWS_PER_PAGE = 50  # cases on one page of the queue


MAX_QUEUE_QUERIES = 10  # to fill one page of the queue when many cases are hidden


def queue_page(page_request: PageRequest) -> Page:
    """Return a page of the queue of cases."""
    query, choices = page_request.query, page_request.session.store.preferences
    show = query.get("show", "open")
    if show not in QUEUE_TABS:
        raise UsageError(f"{show[:40]!r}: show {', '.join(QUEUE_TABS)}")
    wanted = _queue_query(page_request, show)
    if show == "passed":
        rows, total, more = _passed_rows(page_request), len(choices.passed), ""
        hidden = 0
    else:
        rows, total, more, hidden = _rows(page_request, wanted, show)
    return Page(
        "queue.html",
        {
            "rows": rows,
            "rehearsals": _rehearsals(page_request.ledger, rows),
            "total": total,
            "hidden": hidden,
            "more": more,
            "show": show,
            "chosen": query,
            "shows": QUEUE_TABS,
            "ages": AGES,
            "grounds": CASE_GROUNDS,
            "strengths": STRENGTH_MEANINGS,
            "stages": STAGE_MEANINGS,
        },
    )


def _queue_query(page_request: PageRequest, show: str) -> QueueQuery:
    """Return the query of cases that the address of the queue's page asks for."""
    asked = page_request.query
    ground, strength, stage, age = (asked[name] for name in ("ground", "strength", "stage", "age"))
    for value, known in ((ground, CASE_GROUNDS), (strength, STRENGTH_MEANINGS), (stage, STAGE_MEANINGS), (age, AGES)):
        if value and value not in known:
            raise UsageError(f"{value[:40]!r}: choose one of {', '.join(filter(None, known))}")
    return QueueQuery(
        stages=(stage,) if stage else (),  # type: ignore[arg-type]
        ground=ground,
        confidence=(strength,) if strength else (),  # type: ignore[arg-type]
        opened_before=add_time(page_request.ledger.now, days=-int(age)) if age else "",
        mine=page_request.reviewer if show == "mine" else "",
        open_to=page_request.reviewer if show == "open" else "",
        name=asked["name"][:200],
        shared=tuple(f"{kind}:{asked[kind][:400]}" for kind in ("dataset", "list", "rule") if asked[kind]),
        limit=ROWS_PER_PAGE,
        after=asked["after"][:200],
    )


def _rows(page_request: PageRequest, query: QueueQuery, show: str) -> tuple[list[QueueRow], int, str, int]:
    """Return the rows of the queue page, their number in all, the next page's cursor, and how many rows were hidden."""
    choices = page_request.session.store.preferences
    passed = frozenset(choices.passed) if show == "open" else frozenset()
    kept: list[QueueRow] = []
    hidden, total = 0, -1
    for _ in range(MAX_QUEUE_QUERIES):
        page = page_request.ledger.queue(query)
        total = page.total if total < 0 else total
        fit = [
            row
            for row in page.rows
            if row.case not in passed and not hidden_categories(page_request, row.case, row.ground)
        ]
        hidden += len(page.rows) - len(fit)
        kept += fit
        query = replace(query, after=page.next)
        if not page.next or len(kept) >= ROWS_PER_PAGE // 2:
            break
    return kept, total, query.after, hidden


def _rehearsals(ledger: Ledger, rows: Sequence[QueueRow]) -> set[str]:
    """Return which of the cases rest on test lists alone, by their ids."""
    return {row.case for row in rows if all(reason.test_lists for reason in ledger.state(row.case).reasons)}


def _passed_rows(page_request: PageRequest) -> list[QueueRow]:
    """Return the rows of the queue page for the cases that were passed last."""
    return [
        _row(state, page_request.ledger.now)
        for case in reversed(page_request.session.store.preferences.passed[-ROWS_PER_PAGE:])
        for state in find_passed_case(page_request.ledger, case)
    ]


def find_passed_case(ledger: Ledger, case: str) -> tuple[CaseState, ...]:
    """Return the passed case that the queue page lists, () if the ledger was restored without it."""
    try:
        return (ledger.blinded_state(case),)
    except UsageError:
        return ()


def _row(state: CaseState, now: str) -> QueueRow:
    """Return the row of the queue's page for a case."""
    held = state.is_claimed(now)
    return QueueRow(
        case=state.id,
        ground=state.ground,
        subject=state.subject,
        confidence=state.confidence,
        stage=state.stage(now),
        opened_at=state.opened_at,
        changed_at=state.changed_at,
        claimed_by=state.claimed_by if held else "",
        claimed_until=state.claimed_until if held else "",
        review_by=max((decision.review_by for decision in state.in_force), default=""),
    )


def next_case(page_request: PageRequest) -> Redirect:
    """Redirect to the next case of the queue that this reviewer can take up."""
    rows, _, _, _ = _rows(page_request, replace(_queue_query(page_request, "open"), after=""), "open")
    for row in rows:
        if row.case != page_request.query["not"]:
            return Redirect(f"/case/{row.case}")
    return Redirect("/?done=none")
