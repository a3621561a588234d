"""Apply events to a case: what may happen next, and who may do it.

These are pure functions from events to a state; an event carries its own time. An event that they refuse is never
recorded, and ``auditor review verify`` finds a recorded event that they refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from auditor.errors import UsageError
from auditor.review import serialization
from auditor.review.case_reasons import NEEDS_CONFIRMATION, STRENGTH_MEANINGS
from auditor.review.case_state import APPEAL_DAYS, GRACE_DAYS, INTERIM_HOURS, LEASE_HOURS, REVIEW_DAYS, CaseState, Phase
from auditor.review.ledger_events import LedgerEvent
from auditor.review.report_case import apply_step, require_decidable
from auditor.review.review_types import ACTION_VERDICTS, VERDICT_MEANINGS, Decision, Opinion
from auditor.review.reviewers import PROGRAM_ACTOR
from auditor.review.transition_guards import (
    require_decided_appeal,
    require_decision_in_force,
    require_explanation,
    require_group_opinion,
    require_new_reviewer,
    require_no_open_appeal,
    require_own_claim,
    require_unclaimed_by_others,
    require_uninvolved,
)
from auditor.timestamps import add_time


def replay_events(events: Iterable[LedgerEvent]) -> CaseState:
    """Return the state after all of a case's events. Raises :class:`UsageError` if one of them is not allowed."""
    state: CaseState | None = None
    for event in events:
        state = apply_event(state, event)
    if state is None:
        raise UsageError("there is no such case")
    return state


def apply_event(state: CaseState | None, event: LedgerEvent) -> CaseState:
    """Return a case's state after one more event. Raises :class:`UsageError` if the event is not allowed."""
    try:
        if state is None:
            if event.kind != "opened":
                raise UsageError(f"case {event.case}: there is no such case")
            after = _apply_opened(event)
        elif event.kind not in TRANSITIONS:
            raise UsageError(f"case {event.case}: {event.kind!r} is not an event of a case")
        else:
            after = TRANSITIONS[event.kind](state, event)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"case {event.case}: event {event.number} is not valid: {error!r}") from error
    return replace(
        after, last_event=event.number, event_count=after.event_count + 1, changed_at=event.time, evidence=event.leaf
    )


def _apply_opened(event: LedgerEvent) -> CaseState:
    """Apply that a case was just opened."""
    data = event.data
    return CaseState(
        id=event.case,
        ground=data["ground"],
        subject=serialization.ref_from_json(data["subject"]),
        copies=tuple(map(serialization.ref_from_json, data["copies"])),
        digests=tuple(map(serialization.digest_from_json, data["digests"])),
        weights=data["weights"],
        reasons=tuple(map(serialization.reason_from_json, data["reasons"])),
        facts=tuple(map(serialization.fact_from_json, data["facts"])),
        policy=data["policy"],
        version=data["version"],
        opened_at=event.time,
        linked=data["linked"],
        found_at=data.get("found_at", ""),
        first_event=event.number,
    )


def _apply_joined(state: CaseState, event: LedgerEvent) -> CaseState:
    """Apply that re-uploads and new reasons joined. New reasons reopen a case that was closed without action.

    Two reviewers must judge the same reasons, so an opinion given on fewer of them no longer counts.
    """
    data = event.data
    reasons = tuple(map(serialization.reason_from_json, data["reasons"]))
    acts = any(decision.verdict in ACTION_VERDICTS for decision in state.in_force)
    anew = bool(reasons) and not (state.phase == "approved" and acts)
    return replace(
        state,
        joined=(*state.joined, *map(serialization.ref_from_json, data["copies"])),
        reasons=(*state.reasons, *reasons),
        facts=tuple(dict.fromkeys((*state.facts, *map(serialization.fact_from_json, data["facts"])))),
        digests=tuple(dict.fromkeys((*state.digests, *map(serialization.digest_from_json, data["digests"])))),
        phase="new" if anew else state.phase,
        found_at=data.get("found_at", "") if anew else state.found_at,
        steps=tuple(made for made in state.steps if not anew or made.step in ("restrict", "preserve")),
        reported="" if anew and state.ground == "report" else state.reported,
        opinions=() if anew else state.opinions,
        barred_reviewers=frozenset() if anew else state.barred_reviewers,
        policy=data["policy"],
        version=data["version"],
        changed_since=state.changed_since or bool(state.group_size),
        readers=frozenset(),
    )


def _apply_read(state: CaseState, event: LedgerEvent) -> CaseState:
    """Apply that a reviewer read the case: its reasons with their counts, its facts, and the revision."""
    if event.actor == PROGRAM_ACTOR:
        raise UsageError(f"case {state.id}: is read by a reviewer")
    return replace(state, readers=state.readers | {event.actor})


def _apply_claimed(state: CaseState, event: LedgerEvent) -> CaseState:
    """Apply that a reviewer claims the case for some hours."""
    require_unclaimed_by_others(state, event)
    if state.appeal:
        require_uninvolved(state, event)
    elif state.phase in ("proposed", "disputed"):
        require_new_reviewer(state, event)
    elif state.phase not in ("new", "reported"):
        raise UsageError(f"case {state.id}: it was closed without action; `auditor review reopen` starts a new round")
    until = str(event.data["until"])
    if not event.time < until <= add_time(event.time, hours=LEASE_HOURS):
        raise UsageError(f"case {state.id}: a claim lasts at most {LEASE_HOURS} hours")
    return replace(state, claimed_by=event.actor, claimed_until=until)


def _apply_released(state: CaseState, event: LedgerEvent) -> CaseState:
    """Apply that a reviewer releases the case, or that the claim of a revoked reviewer ends."""
    holder = event.data.get("reviewer", "") if event.actor == PROGRAM_ACTOR else event.actor  # one who was revoked
    if not holder or state.claimed_by != holder:
        raise UsageError(f"case {state.id}: {holder or event.actor} has no claim on it")
    return replace(state, claimed_by="", claimed_until="")


def _apply_proposed(state: CaseState, event: LedgerEvent) -> CaseState:
    """Apply the first opinion on a new case."""
    require_decidable(state)
    require_no_open_appeal(state)
    if state.phase != "new":
        raise UsageError(f"case {state.id}: is {state.phase}; a first opinion is given on a new case")
    require_own_claim(state, event)
    opinion = _opinion_of_event(state, event)
    return replace(
        state,
        phase="proposed",
        group_size=int(event.data.get("group", 0)),
        changed_since=False,
        opinions=(opinion,),
        involved=state.involved | {event.actor},
        claimed_by="",
        claimed_until="",
    )


def _apply_reviewed(state: CaseState, event: LedgerEvent) -> CaseState:
    """Apply to a case the second opinion: the same verdict approves, a different one disputes."""
    require_no_open_appeal(state)
    if state.phase != "proposed":
        raise UsageError(f"case {state.id}: is {state.phase}; a second opinion is given on a proposed case")
    require_unclaimed_by_others(state, event)
    require_new_reviewer(state, event)
    first, second = state.opinions[0], _opinion_of_event(state, event)
    state = replace(state, involved=state.involved | {event.actor}, claimed_by="", claimed_until="")
    if first.verdict != second.verdict:
        return replace(state, phase="disputed", opinions=(first, second))
    return _record_decision(state, event, first, second)


def _apply_withdrawn(state: CaseState, event: LedgerEvent) -> CaseState:
    """Apply to a case that a reviewer takes back their last opinion or confirmation, if nothing rests on it.

    A reviewer who disputed has seen the other opinion, so they give no other one in this round.
    """
    if can_withdraw_confirmation(state, event.actor):
        return replace(state, confirmed=state.confirmed[:-1], confirmers=state.confirmers[:-1])
    if state.phase not in ("proposed", "disputed") or state.opinions[-1].reviewer != event.actor:
        raise UsageError(f"case {state.id}: {event.actor} has given no opinion on it that can be withdrawn")
    if state.phase == "proposed":
        return replace(state, phase="new", opinions=())
    left = state.opinions[:-1]
    return replace(
        state,
        phase="disputed" if len(left) > 1 else "proposed",
        opinions=left,
        barred_reviewers=state.barred_reviewers | {event.actor},
    )


def _apply_settled(state: CaseState, event: LedgerEvent) -> CaseState:
    """Apply to a case the third or a later opinion: two people who agree always stand behind a decision.

    Each is free to choose any verdict; a new one leaves the case disputed for the next reviewer.
    """
    require_no_open_appeal(state)
    if state.phase != "disputed":
        raise UsageError(f"case {state.id}: is {state.phase}; a further opinion is given on a disputed case")
    require_unclaimed_by_others(state, event)
    require_new_reviewer(state, event)
    third = _opinion_of_event(state, event)
    agreed = next((opinion for opinion in state.opinions if opinion.verdict == third.verdict), None)
    state = replace(state, involved=state.involved | {event.actor}, claimed_by="", claimed_until="")
    if agreed is None:
        return replace(state, opinions=(*state.opinions, third))
    return _record_decision(state, event, agreed, third)


def _apply_interim(state: CaseState, event: LedgerEvent) -> CaseState:
    """Apply a decision by one reviewer: for at most 72 hours, and only once for each case."""
    require_decidable(state)
    require_no_open_appeal(state)
    if state.phase not in ("new", "proposed", "disputed"):
        raise UsageError(f"case {state.id}: is {state.phase}; an interim decision is for a case that is being decided")
    require_unclaimed_by_others(state, event)
    if any(decision.verdict == "interim" for decision in state.decisions):
        raise UsageError(f"case {state.id}: had an interim decision before; two reviewers must decide now")
    if not any(reason.strength in ("exact", "listed") for reason in state.reasons):
        raise UsageError(
            f"case {state.id}: an interim decision needs an exact match or listed weights; "
            f"the strongest evidence of this case is weaker ({STRENGTH_MEANINGS[state.confidence]})"
        )
    if state.in_force:
        raise UsageError(f"case {state.id}: a decision is in force already")
    opinion = _opinion_of_event(state, event, interim=True)
    expires = str(event.data["expires"])
    if not event.time < expires <= add_time(event.time, hours=INTERIM_HOURS):
        raise UsageError(f"case {state.id}: an interim decision lasts at most {INTERIM_HOURS} hours")
    decision = _build_decision(state, event, opinion, opinion, review_by=expires, expires=expires)
    decision = replace(decision, approver="", second_explanation="", dissents=())
    return replace(state, decisions=(*state.decisions, decision), involved=state.involved | {event.actor})


def _record_decision(state: CaseState, event: LedgerEvent, first: Opinion, last: Opinion) -> CaseState:
    """Apply to a case what two reviewers agreed on. "Need more" ends the round; a decision stays in force."""
    review_by = str(event.data.get("review_by") or add_time(event.time, days=REVIEW_DAYS))
    if not event.time < review_by <= add_time(event.time, days=REVIEW_DAYS):
        raise UsageError(f"case {state.id}: a decision must be reviewed again within {REVIEW_DAYS} days")
    decision = _build_decision(
        state, event, first, last, review_by=review_by, expires=add_time(review_by, days=GRACE_DAYS)
    )
    if first.verdict == "need-more":
        decision = replace(decision, status="recorded")
        phase: Phase = "approved" if any(d.verdict != "interim" for d in state.in_force) else "waiting"
        return replace(state, phase=phase, opinions=(), decisions=(*state.decisions, decision))
    before = state.in_force
    decisions = tuple(
        replace(old, status="superseded", superseded_by=decision.id) if old in before else old
        for old in state.decisions
    )
    decision = replace(decision, supersedes=before[0].id if before else "")
    copies = tuple(dict.fromkeys((*state.copies, *state.joined)))
    decided = replace(state, phase="approved", opinions=(), decisions=(*decisions, decision))
    return replace(decided, copies=copies, joined=())


def _apply_confirmed(state: CaseState, event: LedgerEvent) -> CaseState:
    """Apply that a reviewer confirmed a near match of the case."""
    if not any(reason.strength in NEEDS_CONFIRMATION for reason in state.reasons):
        raise UsageError(f"case {state.id}: has no near match that could be confirmed")
    confirmed, confirmers = (*state.confirmed, require_explanation(event)), (*state.confirmers, event.actor)
    return replace(state, confirmed=confirmed, confirmers=confirmers, involved=state.involved | {event.actor})


def can_withdraw_confirmation(state: CaseState, reviewer: str) -> bool:
    """Return whether an event may take back this reviewer's confirmation: the last, and nothing rests on it yet."""
    return state.phase == "new" and not state.in_force and state.confirmers[-1:] == (reviewer,)


def _apply_reopened(state: CaseState, event: LedgerEvent) -> CaseState:
    """Apply that a decided case begins a new round."""
    require_no_open_appeal(state)
    if state.phase not in ("approved", "waiting", "overturned", "closed"):
        raise UsageError(f"case {state.id}: is {state.phase}: it is open already")
    require_explanation(event)
    if state.ground == "report":
        state = replace(state, found_at=event.time, steps=(), reported="")
    return replace(state, phase="new", opinions=(), barred_reviewers=frozenset(), claimed_by="", claimed_until="")


def _apply_appealed(state: CaseState, event: LedgerEvent) -> CaseState:
    """Apply to a case that an appeal against the decision was opened."""
    if state.appeal:
        raise UsageError(f"case {state.id}: an appeal is open already")
    decision = require_decision_in_force(state)
    return replace(
        _replace_decision(state, replace(decision, appeal="open")),
        appeal=require_explanation(event),
        claimed_by="",
        claimed_until="",
    )


def _apply_appeal_decided(state: CaseState, event: LedgerEvent) -> CaseState:
    """Apply to a case the outcome of an appeal, decided by somebody who was not involved."""
    if not state.appeal:
        raise UsageError(f"case {state.id}: no appeal is open")
    require_unclaimed_by_others(state, event)
    require_uninvolved(state, event)
    outcome = event.data["outcome"]
    if outcome not in ("upheld", "overturned"):
        raise UsageError(
            f"case {state.id}: the outcome of an appeal is upheld (the decision stays in force) or overturned"
        )
    why = require_explanation(event)
    appealed = next(decision for decision in state.decisions if decision.appeal == "open")
    decided = replace(appealed, appeal=outcome, appeal_explanation=why, outcome_told_at="")
    if outcome == "overturned":
        decided = replace(decided, status="overturned", overturned_at=event.time)
    state = replace(
        _replace_decision(state, decided),
        appeal="",
        involved=state.involved | {event.actor},
        claimed_by="",
        claimed_until="",
    )
    if outcome == "overturned" and decided.verdict != "interim":
        return replace(state, phase="overturned", opinions=())
    return state


def _apply_reported(state: CaseState, event: LedgerEvent) -> CaseState:
    """Apply that the case was reported to a hotline or the police, or that no report is due."""
    outcome = event.data["outcome"]
    if outcome not in ("reported", "not-due"):
        raise UsageError(f"case {state.id}: record `reported` (to a hotline or the police) or `not-due`")
    require_explanation(event)
    if state.ground == "report":
        state = apply_step(state, event, "report", "done" if outcome == "reported" else outcome)
    return replace(state, reported=outcome)


def _apply_step(state: CaseState, event: LedgerEvent) -> CaseState:
    """Apply a step of a report case other than the report itself."""
    if event.data["step"] == "report":
        raise UsageError(f"case {state.id}: record a report with `auditor review reported`")
    return apply_step(state, event, event.data["step"], event.data["outcome"])


def _apply_notified(state: CaseState, event: LedgerEvent) -> CaseState:
    """Apply to a case that the owner was notified of the decision."""
    decision = require_decision_in_force(state)
    if not state.reported:
        raise UsageError(
            f"case {state.id}: the owner is notified only after a person has recorded that it was reported, "
            "or that no report is due; see `auditor review reported --help`"
        )
    return _replace_decision(state, replace(decision, notified_at=event.time))


def _apply_outcome_told(state: CaseState, event: LedgerEvent) -> CaseState:
    """Apply to a case that the owner was told the outcome of the appeal."""
    decision = require_decided_appeal(state)
    if decision.outcome_told_at:
        raise UsageError(f"case {state.id}: that the owner was told was recorded on {decision.outcome_told_at}")
    return _replace_decision(state, replace(decision, outcome_told_at=event.time))


def _apply_listed(state: CaseState, event: LedgerEvent) -> CaseState:
    """Apply to a case that the decision went onto a recipient's list."""
    decision = require_decision_in_force(state)
    if event.data["decision"] != decision.id:
        raise UsageError(f"case {state.id}: decision {event.data['decision']} is not in force")
    if not decision.is_in_force(event.time):
        raise UsageError(f"case {state.id}: its decision has lapsed on {decision.expires_at}; review it again")
    return replace(state, listed=tuple(sorted({*state.listed, event.data["recipient"]})))


def _apply_delisted(state: CaseState, event: LedgerEvent) -> CaseState:
    """Apply to a case that the decision was taken off a recipient's list."""
    return replace(state, listed=tuple(name for name in state.listed if name != event.data["recipient"]))


TRANSITIONS: Mapping[str, Callable[[CaseState, LedgerEvent], CaseState]] = MappingProxyType(
    {
        "joined": _apply_joined,
        "read": _apply_read,
        "claimed": _apply_claimed,
        "released": _apply_released,
        "proposed": _apply_proposed,
        "reviewed": _apply_reviewed,
        "withdrawn": _apply_withdrawn,
        "settled": _apply_settled,
        "interim": _apply_interim,
        "confirmed": _apply_confirmed,
        "reopened": _apply_reopened,
        "appealed": _apply_appealed,
        "appeal-decided": _apply_appeal_decided,
        "reported": _apply_reported,
        "step": _apply_step,
        "notified": _apply_notified,
        "outcome-told": _apply_outcome_told,
        "listed": _apply_listed,
        "delisted": _apply_delisted,
    }
)


def _opinion_of_event(state: CaseState, event: LedgerEvent, *, interim: bool = False) -> Opinion:
    """Return the opinion that a case's event states. Raises UsageError for a verdict or rule that the case has not."""
    data = event.data
    verdict, rules = data["verdict"], tuple(data["rules"])
    if verdict not in VERDICT_MEANINGS or (verdict == "interim") != interim:
        raise UsageError(f"case {state.id}: {verdict!r} is not a verdict here; there are {', '.join(VERDICT_MEANINGS)}")
    known = {reason.rule for reason in state.reasons}
    for rule in rules:
        if rule not in known:
            raise UsageError(
                f"case {state.id}: no reason follows from rule {rule!r}; its rules are {', '.join(sorted(known))}"
            )
    if verdict in ACTION_VERDICTS and not rules:
        raise UsageError(f"case {state.id}: name the rules that {verdict} follows")
    if verdict == "de-index" and state.near_only and not state.confirmed:
        raise UsageError(
            f"case {state.id}: only near matches support it, and they can be wrong: it can be de-indexed once a person "
            "has recorded that a match was confirmed; see `auditor review confirm --help`"
        )
    if "group" in data:
        require_group_opinion(state, event, verdict)
    return Opinion(event.actor, verdict, state.ground, rules, require_explanation(event), event.time)


def _replace_decision(state: CaseState, decision: Decision) -> CaseState:
    """Return the state of a case after a transition that replaces one of its decisions."""
    same = tuple(decision if old.id == decision.id else old for old in state.decisions)
    return replace(state, decisions=same)


def _build_decision(
    state: CaseState, event: LedgerEvent, first: Opinion, last: Opinion, *, review_by: str, expires: str
) -> Decision:
    """Return the decision that a transition makes of its proposer's and approver's opinions ("": interim)."""
    return Decision(
        id=f"{state.id}-{event.number}",
        case=state.id,
        ground=state.ground,
        subject=state.subject,
        copies=tuple(dict.fromkeys((*state.copies, *state.joined))),
        digests=state.digests,
        verdict=first.verdict,
        rules=tuple(dict.fromkeys((*first.rules, *last.rules))),
        reasons=state.reasons,
        explanation=first.why,
        proposer=first.reviewer,
        approver=last.reviewer,
        opened_at=state.opened_at,
        proposed_at=first.at,
        decided_at=event.time,
        review_by=review_by,
        expires_at=expires,
        policy=state.policy,
        version=state.version,
        index=event.number,
        evidence=state.evidence,
        leaf=event.leaf,
        logged=event.redacted,
        appeal_by=add_time(event.time, days=APPEAL_DAYS),
        second_explanation=last.why,
        dissents=tuple(opinion for opinion in state.opinions if opinion.verdict != first.verdict),
        confirmations=len(state.confirmers),
    )
