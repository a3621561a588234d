"""The categories of cases that a reviewer can choose not to see."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.page.ledger_queries import recorded_policy
from auditor.page.requests import PageRequest
from auditor.reporting.labels import CASE_GROUNDS, LIST_MEANINGS
from auditor.review.case_state import CaseState
from auditor.review.ledger import Ledger

# What a reviewer may choose not to see: grounds, and the meanings of the lists of a case's matches.
CATEGORIES: Mapping[str, str] = {
    **{str(ground): said for ground, said in CASE_GROUNDS.items()},
    **{means: said for means, said in LIST_MEANINGS.items() if means != "benign"},
}


def hidden_categories(page_request: PageRequest, case: str, ground: str) -> tuple[str, ...]:
    """Return the categories of a case that this reviewer does not want to see."""
    chosen = set(page_request.session.store.preferences.apart)
    if not chosen:
        return ()
    if ground in chosen:
        return (ground,)
    return (
        tuple(sorted(chosen & _list_meanings(page_request.ledger, page_request.ledger.blinded_state(case))))
        if chosen - {*CASE_GROUNDS}
        else ()
    )


def _list_meanings(ledger: Ledger, state: CaseState) -> frozenset[str]:
    """Return, for a case's categories, what the lists of its matches mean."""
    lists = {one["name"]: one["means"] for one in recorded_policy(ledger, state).get("lists", ())}
    named = {fact.statement.value for fact in state.facts if fact.statement.key in ("known_content", "known_model")}
    return frozenset(lists[name] for name in named if name in lists)
