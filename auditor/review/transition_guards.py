"""Checks that refuse an event: each raises :class:`UsageError` with what to do instead."""

from __future__ import annotations

from auditor.errors import UsageError
from auditor.review.case_state import CaseState
from auditor.review.ledger_events import LedgerEvent
from auditor.review.review_types import (
    ACTION_VERDICTS,
    GROUP_VERDICTS,
    Decision,
    Verdict,
)


def require_explanation(event: LedgerEvent) -> str:
    """Refuse a transition with an empty explanation; return the explanation."""
    why = str(event.data["why"]).strip()
    if not why:
        raise UsageError(f"case {event.case}: give a reason with --why")
    return why


def require_group_opinion(state: CaseState, event: LedgerEvent, verdict: Verdict) -> None:
    """Refuse an opinion that was given on several cases at once, if this one needs an opinion of its own."""
    if not isinstance(event.data["group"], int) or event.data["group"] < 1:
        raise UsageError(f"case {state.id}: the size of its group is not valid")
    if verdict not in GROUP_VERDICTS:
        raise UsageError(
            f"case {state.id}: {verdict} is decided for each case by itself; for a group there are "
            f"{', '.join(GROUP_VERDICTS)}"
        )
    if state.phase != "new" and state.changed_since:
        raise UsageError(f"case {state.id}: its facts have changed since the first review, so it is decided by itself")
    if verdict != "de-index":
        return
    if str(event.data.get("weights", "")) not in map(str, state.digests):
        raise UsageError(f"case {state.id}: it does not hold the weights that the group shares; decide it by itself")
    if state.ground == "exposed" and event.actor not in state.readers:
        raise UsageError(f"case {state.id}: {event.actor} has not recorded that they read it as it is now")


def require_unclaimed_by_others(state: CaseState, event: LedgerEvent) -> None:
    """Refuse a transition by an actor while someone else has claimed the case."""
    if state.is_claimed(event.time) and state.claimed_by != event.actor:
        raise UsageError(f"case {state.id}: {state.claimed_by} has claimed it until {state.claimed_until}")


def require_own_claim(state: CaseState, event: LedgerEvent) -> None:
    """Refuse a transition by an actor who has not claimed the case."""
    require_unclaimed_by_others(state, event)
    if not state.is_claimed(event.time):
        raise UsageError(f"case {state.id}: claim it first: `auditor review claim {state.id} --as {event.actor}`")


def require_new_reviewer(state: CaseState, event: LedgerEvent) -> None:
    """Refuse a transition by an actor who has given or seen an opinion in this round."""
    if event.actor in {opinion.reviewer for opinion in state.opinions}:
        raise UsageError(f"case {state.id}: {event.actor} has given an opinion on it; someone else must give the next")
    if event.actor in state.barred_reviewers:
        raise UsageError(f"case {state.id}: {event.actor} has seen the other opinion; someone else must give the next")


def require_uninvolved(state: CaseState, event: LedgerEvent) -> None:
    """Refuse a transition by an actor who has taken any part in the case."""
    if event.actor in state.involved:
        raise UsageError(f"case {state.id}: {event.actor} took part in it; someone not involved must decide the appeal")


def require_no_open_appeal(state: CaseState) -> None:
    """Refuse a transition while an appeal is open."""
    if state.appeal:
        raise UsageError(f"case {state.id}: an appeal is open; someone not involved must decide it first")


def require_decided_appeal(state: CaseState) -> Decision:
    """Refuse a transition on a case without a decided appeal; return the decision of the last one."""
    decided = [decision for decision in state.decisions if decision.appeal in ("upheld", "overturned")]
    if not decided:
        raise UsageError(f"case {state.id}: no appeal was decided, so there is no outcome to tell")
    return decided[-1]


def require_decision_in_force(state: CaseState) -> Decision:
    """Refuse a transition without a decision in force that changes something for the owner; return it."""
    decision = next((decision for decision in state.in_force if decision.verdict in ACTION_VERDICTS), None)
    if decision is None:
        raise UsageError(f"case {state.id}: no decision that restricts it is in force")
    return decision
