"""Hide what a first reviewer said from everybody until a second reviewer has spoken."""

from __future__ import annotations

from dataclasses import replace

from auditor.review.case_state import CaseState
from auditor.review.ledger_events import LedgerEvent
from auditor.review.review_types import Opinion

# Phases in which a second opinion is still to come, from someone who must not know the first.
_BLIND_PHASES = ("new", "proposed")
_OPINION_EVENTS = frozenset({"proposed", "reviewed", "interim"})


def hide_opinions(state: CaseState) -> CaseState:
    """Hide opinions of a blind round that still needs a second one, and an interim decision's explanation."""
    if state.phase not in _BLIND_PHASES:
        return state
    withheld = tuple(
        replace(one, explanation="hidden until two reviewers have given opinions") if one.verdict == "interim" else one
        for one in state.decisions
    )
    return replace(state, opinions=(), decisions=withheld)


def hide_events(events: tuple[LedgerEvent, ...], state: CaseState) -> tuple[LedgerEvent, ...]:
    """Return a case's events without the content of opinions in a blind round."""
    if state.phase not in _BLIND_PHASES:
        return events
    round_start = max((decision.index for decision in state.decisions if decision.verdict != "interim"), default=0)
    return tuple(
        replace(event, data={}, redacted="") if event.kind in _OPINION_EVENTS and event.number > round_start else event
        for event in events
    )


def visible_opinions(state: CaseState, me: str) -> tuple[Opinion, ...]:
    """Return the opinions of this round that this reviewer may see: the second one is given blind."""
    if state.phase == "disputed":
        return state.opinions
    return tuple(opinion for opinion in state.opinions if opinion.reviewer == me)
