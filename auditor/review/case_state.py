"""What has become of a case, and who may do what next: a pure function from events to a state.

    new → claimed → proposed → approved by another, or disputed → settled by a third
    approved → listed → re-review when its date lapses · appealed → upheld or overturned by someone not involved

Nothing here reads a clock or a file: an event carries its own time. Whatever these rules refuse is never
recorded, and a recorded event that they refuse is found by ``auditor review verify``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

from auditor.errors import UsageError
from auditor.model import Digest, Ground, Ref
from auditor.review import serialization
from auditor.review.decisions import (
    ACTIONS,
    STRENGTHS,
    TO_CONFIRM,
    VERDICTS,
    Decision,
    Fact,
    Opinion,
    Reason,
    Strength,
    later,
)

Base = Literal["new", "proposed", "disputed", "approved", "waiting", "overturned"]
Stage = Literal[
    "new", "claimed", "proposed", "disputed", "approved", "listed", "re-review", "appealed", "waiting", "overturned"
]
STAGES: Mapping[Stage, str] = MappingProxyType(
    {
        "new": "waits for a first reviewer",
        "claimed": "a reviewer is at work on it",
        "proposed": "waits for a second reviewer, who is not shown what the first said",
        "disputed": "two reviewers disagree: waits for a third",
        "approved": "decided by two",
        "listed": "decided by two, and sent out on a de-index list",
        "re-review": "its decision must be looked at again, or has lapsed",
        "appealed": "the owner has appealed: waits for someone not involved",
        "waiting": "cannot be decided on what is known: waits for new facts",
        "overturned": "its decision was overturned on appeal",
    }
)

INTERIM_HOURS = 72
LEASE_HOURS = 24  # the longest; a claim says how long it is
REVIEW_DAYS = 180  # a decision is looked at again after so many days, unless its proposer says sooner
GRACE_DAYS = 30  # and ends so many days after that, if nobody has
APPEAL_DAYS = 183  # DSA, article 20(1): at least six months


@dataclass(frozen=True, slots=True)
class Event:
    """What somebody did, and when. ``actor`` is a pseudonym, or ``auditor`` where a run says it."""

    number: int
    time: str
    actor: str
    kind: str
    case: str
    data: Mapping[str, Any]
    leaf: str = ""  # the hash of its entry in the ledger, in hex
    closed: str = ""  # what that is the hash of, where words stand in it as their digest alone; else ""


@dataclass(frozen=True, slots=True)
class State:
    """A case after its events. ``opinions`` are those of the round that is under way.

    ``joined`` are re-uploads found since: nobody has reviewed them, so no decision covers them yet.
    """

    id: str
    ground: Ground
    subject: Ref
    copies: tuple[Ref, ...]
    digests: tuple[Digest, ...]
    weights: str
    reasons: tuple[Reason, ...]
    facts: tuple[Fact, ...]
    policy: str
    version: str
    opened_at: str
    linked: str = ""
    joined: tuple[Ref, ...] = ()
    base: Base = "new"
    claimed_by: str = ""
    claimed_until: str = ""
    opinions: tuple[Opinion, ...] = ()
    excused: frozenset[str] = frozenset()  # took back an opinion after seeing the other: give none in this round
    involved: frozenset[str] = frozenset()
    decisions: tuple[Decision, ...] = ()
    confirmed: tuple[str, ...] = ()  # in the words of those who confirmed near matches
    confirmers: tuple[str, ...] = ()  # and who they are, in the same order
    reported: str = ""  # "reported" or "not-due", once a person has recorded it
    appeal: str = ""  # the owner's words, while an appeal is open
    listed: tuple[str, ...] = ()  # recipients whose list holds it
    first: int = 0  # the numbers of its first and last event
    last: int = 0
    events: int = 0  # how many there are
    changed_at: str = ""
    evidence: str = ""  # the leaf hash of its last event

    @property
    def in_force(self) -> tuple[Decision, ...]:
        """The decision that was neither superseded nor overturned: one, or none. Its date may have lapsed."""
        return tuple(decision for decision in self.decisions if decision.status == "standing")[-1:]

    @property
    def confidence(self) -> Strength:
        """The strength of the strongest reason."""
        order = list(STRENGTHS)
        return min((reason.strength for reason in self.reasons), key=order.index, default="stated")

    @property
    def near_only(self) -> bool:
        """Does it rest on near matches alone?"""
        return self.confidence in TO_CONFIRM

    def stage(self, now: str) -> Stage:
        """What it waits for at this time: leases end and dates lapse without an event."""
        if self.appeal:
            return "appealed"
        if self.base == "approved":
            if any(decision.review_by <= now for decision in self.in_force):
                return "re-review"
            return "listed" if self.listed else "approved"
        return "claimed" if self.base == "new" and self.held(now) else self.base

    def held(self, now: str) -> bool:
        """Is a reviewer's claim under way?"""
        return bool(self.claimed_by) and now < self.claimed_until


def fold(events: Iterable[Event]) -> State:
    """The state after a case's events. Raises :class:`UsageError` where one of them was not allowed."""
    state: State | None = None
    for event in events:
        state = apply(state, event)
    if state is None:
        raise UsageError("there is no such case")
    return state


def apply(state: State | None, event: Event) -> State:
    """The state after one more event. Raises :class:`UsageError` where it is not allowed."""
    try:
        if state is None:
            if event.kind != "opened":
                raise UsageError(f"case {event.case}: there is no such case")
            after = _opened(event)
        elif event.kind not in STEPS:
            raise UsageError(f"case {event.case}: {event.kind!r} is nothing that can happen to a case")
        else:
            after = STEPS[event.kind](state, event)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"case {event.case}: event {event.number} is not as it should be: {error!r}") from error
    return replace(after, last=event.number, events=after.events + 1, changed_at=event.time, evidence=event.leaf)


# What a run says


def _opened(event: Event) -> State:
    data = event.data
    return State(
        id=event.case,
        ground=data["ground"],
        subject=serialization.ref(data["subject"]),
        copies=tuple(map(serialization.ref, data["copies"])),
        digests=tuple(map(serialization.digest, data["digests"])),
        weights=data["weights"],
        reasons=tuple(map(serialization.reason, data["reasons"])),
        facts=tuple(map(serialization.fact, data["facts"])),
        policy=data["policy"],
        version=data["version"],
        opened_at=event.time,
        linked=data["linked"],
        first=event.number,
    )


def _joined(state: State, event: Event) -> State:
    """Re-uploads and new reasons. New reasons open again what was closed without action.

    Two must judge the same reasons, so an opinion given on fewer of them no longer counts.
    """
    data = event.data
    reasons = tuple(map(serialization.reason, data["reasons"]))
    acts = any(decision.verdict in ACTIONS for decision in state.in_force)
    anew = bool(reasons) and not (state.base == "approved" and acts)
    return replace(
        state,
        joined=(*state.joined, *map(serialization.ref, data["copies"])),
        reasons=(*state.reasons, *reasons),
        facts=tuple(dict.fromkeys((*state.facts, *map(serialization.fact, data["facts"])))),
        digests=tuple(dict.fromkeys((*state.digests, *map(serialization.digest, data["digests"])))),
        base="new" if anew else state.base,
        opinions=() if anew else state.opinions,
        excused=frozenset() if anew else state.excused,
        policy=data["policy"],
        version=data["version"],
    )


# What a reviewer does


def _claimed(state: State, event: Event) -> State:
    _free(state, event)
    if state.appeal:
        _uninvolved(state, event)
    elif state.base in ("proposed", "disputed"):
        _another(state, event)
    elif state.base != "new":
        raise UsageError(f"case {state.id}: nothing is to be done; `auditor review reopen` begins a new round")
    until = str(event.data["until"])
    if not event.time < until <= later(event.time, hours=LEASE_HOURS):
        raise UsageError(f"case {state.id}: a claim lasts at most {LEASE_HOURS} hours")
    return replace(state, claimed_by=event.actor, claimed_until=until)


def _released(state: State, event: Event) -> State:
    if state.claimed_by != event.actor:
        raise UsageError(f"case {state.id}: {event.actor} has no claim on it")
    return replace(state, claimed_by="", claimed_until="")


def _proposed(state: State, event: Event) -> State:
    _no_appeal(state)
    if state.base != "new":
        raise UsageError(f"case {state.id}: is {state.base}; only a new case can be proposed upon")
    _mine(state, event)
    opinion = _opinion(state, event)
    return replace(
        state,
        base="proposed",
        opinions=(opinion,),
        involved=state.involved | {event.actor},
        claimed_by="",
        claimed_until="",
    )


def _reviewed(state: State, event: Event) -> State:
    """The second opinion: the same verdict approves, another one disputes."""
    _no_appeal(state)
    if state.base != "proposed":
        raise UsageError(f"case {state.id}: is {state.base}; a second opinion is given on a proposed case")
    _free(state, event)
    _another(state, event)
    first, second = state.opinions[0], _opinion(state, event)
    state = replace(state, involved=state.involved | {event.actor}, claimed_by="", claimed_until="")
    if first.verdict != second.verdict:
        return replace(state, base="disputed", opinions=(first, second))
    return _decided(state, event, first, second)


def _withdrawn(state: State, event: Event) -> State:
    """The last opinion is taken back by its reviewer while two have not agreed, a confirmation while none rests on it.

    Who has seen that two differ has seen the other opinion too, and no longer is a second reviewer in this round.
    """
    if confirmed_last(state, event.actor):
        return replace(state, confirmed=state.confirmed[:-1], confirmers=state.confirmers[:-1])
    if state.base not in ("proposed", "disputed") or state.opinions[-1].reviewer != event.actor:
        raise UsageError(f"case {state.id}: {event.actor} has given no opinion on it that could be taken back")
    if state.base == "proposed":
        return replace(state, base="new", opinions=())
    return replace(state, base="proposed", opinions=state.opinions[:1], excused=state.excused | {event.actor})


def _settled(state: State, event: Event) -> State:
    """A third decides between two: two people always stand behind a decision."""
    _no_appeal(state)
    if state.base != "disputed":
        raise UsageError(f"case {state.id}: is {state.base}; a third opinion is given on a disputed case")
    _free(state, event)
    _another(state, event)
    third = _opinion(state, event)
    agreed = next((opinion for opinion in state.opinions if opinion.verdict == third.verdict), None)
    if agreed is None:
        verdicts = " or ".join(opinion.verdict for opinion in state.opinions)
        raise UsageError(f"case {state.id}: a third opinion decides between two: {verdicts}")
    state = replace(state, involved=state.involved | {event.actor}, claimed_by="", claimed_until="")
    return _decided(state, event, agreed, third)


def _interim(state: State, event: Event) -> State:
    """One reviewer, at once, for at most 72 hours, and only once a case."""
    _no_appeal(state)
    if state.base not in ("new", "proposed", "disputed"):
        raise UsageError(f"case {state.id}: is {state.base}; an interim decision is for a case that is being decided")
    _free(state, event)
    if any(decision.verdict == "interim" for decision in state.decisions):
        raise UsageError(f"case {state.id}: had an interim decision already; two reviewers must decide now")
    if not any(reason.strength in ("exact", "listed") for reason in state.reasons):
        raise UsageError(
            f"case {state.id}: an interim decision needs an exact match or weights that a list holds; "
            f"this case rests on less ({STRENGTHS[state.confidence]})"
        )
    if state.in_force:
        raise UsageError(f"case {state.id}: a decision stands already")
    opinion = _opinion(state, event, interim=True)
    expires = str(event.data["expires"])
    if not event.time < expires <= later(event.time, hours=INTERIM_HOURS):
        raise UsageError(f"case {state.id}: an interim decision lasts at most {INTERIM_HOURS} hours")
    decision = _decision(state, event, opinion, opinion, review_by=expires, expires=expires)
    decision = replace(decision, approver="")
    return replace(state, decisions=(*state.decisions, decision), involved=state.involved | {event.actor})


def _decided(state: State, event: Event, first: Opinion, last: Opinion) -> State:
    """Two agree. "Need more" ends the round and changes nothing that stands."""
    review_by = str(event.data.get("review_by") or later(event.time, days=REVIEW_DAYS))
    if not event.time < review_by <= later(event.time, days=REVIEW_DAYS):
        raise UsageError(f"case {state.id}: a decision is looked at again within {REVIEW_DAYS} days")
    decision = _decision(state, event, first, last, review_by=review_by, expires=later(review_by, days=GRACE_DAYS))
    if first.verdict == "need-more":
        decision = replace(decision, status="recorded")
        base: Base = "approved" if any(d.verdict != "interim" for d in state.in_force) else "waiting"
        return replace(state, base=base, opinions=(), decisions=(*state.decisions, decision))
    before = state.in_force
    decisions = tuple(
        replace(old, status="superseded", superseded_by=decision.id) if old in before else old
        for old in state.decisions
    )
    decision = replace(decision, supersedes=before[0].id if before else "")
    copies = tuple(dict.fromkeys((*state.copies, *state.joined)))
    decided = replace(state, base="approved", opinions=(), decisions=(*decisions, decision))
    return replace(decided, copies=copies, joined=())


def _decision(state: State, event: Event, first: Opinion, last: Opinion, *, review_by: str, expires: str) -> Decision:
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
        logged=event.closed,
        appeal_by=later(event.time, days=APPEAL_DAYS),
    )


def _confirmed(state: State, event: Event) -> State:
    if not any(reason.strength in TO_CONFIRM for reason in state.reasons):
        raise UsageError(f"case {state.id}: rests on no near match that could be confirmed")
    confirmed, confirmers = (*state.confirmed, _why(event)), (*state.confirmers, event.actor)
    return replace(state, confirmed=confirmed, confirmers=confirmers, involved=state.involved | {event.actor})


def confirmed_last(state: State, reviewer: str) -> bool:
    """Was the last confirmation this reviewer's, and does neither an opinion nor a decision rest on it yet?"""
    return state.base == "new" and not state.in_force and state.confirmers[-1:] == (reviewer,)


def _reopened(state: State, event: Event) -> State:
    _no_appeal(state)
    if state.base not in ("approved", "waiting", "overturned"):
        raise UsageError(f"case {state.id}: is {state.base}: it is open already")
    _why(event)
    return replace(state, base="new", opinions=(), excused=frozenset(), claimed_by="", claimed_until="")


# What follows from a decision


def _appealed(state: State, event: Event) -> State:
    if state.appeal:
        raise UsageError(f"case {state.id}: an appeal is open already")
    decision = _action(state)
    return replace(_with(state, replace(decision, appeal="open")), appeal=_why(event), claimed_by="", claimed_until="")


def _appeal_decided(state: State, event: Event) -> State:
    if not state.appeal:
        raise UsageError(f"case {state.id}: no appeal is open")
    _free(state, event)
    _uninvolved(state, event)
    outcome = event.data["outcome"]
    if outcome not in ("upheld", "overturned"):
        raise UsageError(f"case {state.id}: an appeal is decided upheld (the decision stands) or overturned")
    _why(event)
    appealed = next(decision for decision in state.decisions if decision.appeal == "open")
    decided = replace(appealed, appeal=outcome)
    if outcome == "overturned":
        decided = replace(decided, status="overturned", overturned_at=event.time)
    state = replace(
        _with(state, decided), appeal="", involved=state.involved | {event.actor}, claimed_by="", claimed_until=""
    )
    if outcome == "overturned" and decided.verdict != "interim":
        return replace(state, base="overturned", opinions=())
    return state


def _reported(state: State, event: Event) -> State:
    outcome = event.data["outcome"]
    if outcome not in ("reported", "not-due"):
        raise UsageError(f"case {state.id}: record `reported` (to a hotline or the police) or `not-due`")
    _why(event)
    return replace(state, reported=outcome)


def _notified(state: State, event: Event) -> State:
    decision = _action(state)
    if not state.reported:
        raise UsageError(
            f"case {state.id}: the owner is notified only after a person has recorded that it was reported, "
            "or that no report is due; see `auditor review reported --help`"
        )
    return _with(state, replace(decision, notified_at=event.time))


def _listed(state: State, event: Event) -> State:
    decision = _action(state)
    if event.data["decision"] != decision.id:
        raise UsageError(f"case {state.id}: decision {event.data['decision']} does not stand")
    if not decision.stands(event.time):
        raise UsageError(f"case {state.id}: its decision has lapsed on {decision.expires_at}; review it again")
    return replace(state, listed=tuple(sorted({*state.listed, event.data["recipient"]})))


def _delisted(state: State, event: Event) -> State:
    return replace(state, listed=tuple(name for name in state.listed if name != event.data["recipient"]))


STEPS: Mapping[str, Callable[[State, Event], State]] = MappingProxyType(
    {
        "joined": _joined,
        "claimed": _claimed,
        "released": _released,
        "proposed": _proposed,
        "reviewed": _reviewed,
        "withdrawn": _withdrawn,
        "settled": _settled,
        "interim": _interim,
        "confirmed": _confirmed,
        "reopened": _reopened,
        "appealed": _appealed,
        "appeal-decided": _appeal_decided,
        "reported": _reported,
        "notified": _notified,
        "listed": _listed,
        "delisted": _delisted,
    }
)


# Who may


def _opinion(state: State, event: Event, *, interim: bool = False) -> Opinion:
    data = event.data
    verdict, rules = data["verdict"], tuple(data["rules"])
    if verdict not in VERDICTS or (verdict == "interim") != interim:
        raise UsageError(f"case {state.id}: {verdict!r} is no verdict here; there are {', '.join(VERDICTS)}")
    known = {reason.rule for reason in state.reasons}
    for rule in rules:
        if rule not in known:
            raise UsageError(f"case {state.id}: rests on no rule {rule!r}; it rests on {', '.join(sorted(known))}")
    if verdict in ACTIONS and not rules:
        raise UsageError(f"case {state.id}: name the rules that {verdict} follows")
    if verdict == "de-index" and state.near_only and not state.confirmed:
        raise UsageError(
            f"case {state.id}: rests on near matches alone, which can be wrong: it can be de-indexed once a person "
            "has recorded that a match was confirmed; see `auditor review confirm --help`"
        )
    return Opinion(event.actor, verdict, state.ground, rules, _why(event), event.time)


def _why(event: Event) -> str:
    why = str(event.data["why"]).strip()
    if not why:
        raise UsageError(f"case {event.case}: say why, in words")
    return why


def _free(state: State, event: Event) -> None:
    if state.held(event.time) and state.claimed_by != event.actor:
        raise UsageError(f"case {state.id}: {state.claimed_by} has claimed it until {state.claimed_until}")


def _mine(state: State, event: Event) -> None:
    _free(state, event)
    if not state.held(event.time):
        raise UsageError(f"case {state.id}: claim it first: `auditor review claim {state.id} --as {event.actor}`")


def _another(state: State, event: Event) -> None:
    if event.actor in {opinion.reviewer for opinion in state.opinions}:
        raise UsageError(f"case {state.id}: {event.actor} has given an opinion on it; someone else must give the next")
    if event.actor in state.excused:
        raise UsageError(f"case {state.id}: {event.actor} has seen the other opinion; someone else must give the next")


def _uninvolved(state: State, event: Event) -> None:
    if event.actor in state.involved:
        raise UsageError(f"case {state.id}: {event.actor} took part in it; someone not involved decides its appeal")


def _no_appeal(state: State) -> None:
    if state.appeal:
        raise UsageError(f"case {state.id}: an appeal is open; someone not involved must decide it first")


def _action(state: State) -> Decision:
    decision = next((decision for decision in state.in_force if decision.verdict in ACTIONS), None)
    if decision is None:
        raise UsageError(f"case {state.id}: there is no decision in force that acts upon it")
    return decision


def _with(state: State, decision: Decision) -> State:
    same = tuple(decision if old.id == decision.id else old for old in state.decisions)
    return replace(state, decisions=same)
