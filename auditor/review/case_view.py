"""A case as a reviewer sees it, in words and as JSON: nothing that a second reviewer must not see yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from auditor.printable import printable
from auditor.review import serialization
from auditor.review.case_state import STAGES, Event, State
from auditor.review.cases import WORDS, Rests
from auditor.review.decisions import VERDICTS, Decision, Fact
from auditor.review.queue import Page, Row

CONFIDENTIAL = "Confidential: unproven until decided"
_WHAT = {
    "opened": "opened",
    "joined": "joined by a re-upload, or by a reason",
    "claimed": "claimed",
    "released": "released",
    "proposed": "first opinion",
    "reviewed": "second opinion",
    "withdrawn": "took back what they had said",
    "settled": "third opinion",
    "interim": "interim decision",
    "confirmed": "a near match was confirmed",
    "reopened": "reopened",
    "appealed": "the owner appealed",
    "appeal-decided": "the appeal was decided",
    "reported": "reporting was recorded",
    "notified": "the owner was notified",
    "listed": "put on a list",
    "delisted": "taken off a list",
}


def queue_lines(page: Page) -> Iterator[str]:
    """A page of the queue, one case a line, tabs between: case, stage, ground, confidence, since, by, subject."""
    for row in page.rows:
        by = f"{row.claimed_by} until {row.claimed_until}" if row.claimed_by else ""
        cells = (row.case, row.stage, row.ground, row.confidence, row.opened_at[:10], by, _named(row))
        yield "\t".join(cells)


def _named(row: Row) -> str:
    return f"{row.subject.kind} {printable(row.subject.name)}"


def queue_json(page: Page) -> dict[str, Any]:
    return {"total": page.total, "next": page.next, "cases": [asdict(row) for row in page.rows]}


def case_lines(
    state: State, events: Sequence[Event], policy: Mapping[str, Any], rests: Rests | None, now: str
) -> Iterator[str]:
    """What a case is, why, whose word that is, what it rests on, and what has been done."""
    stage = state.stage(now)
    yield CONFIDENTIAL
    yield ""
    revision = f" at {printable(state.subject.revision)}" if state.subject.revision else ""
    yield f"Case {state.id}: {state.subject.kind} {printable(state.subject.name)}{revision}"
    yield f"  {state.ground}; {stage}: {STAGES[stage]}"
    if state.held(now):
        yield f"  claimed by {state.claimed_by} until {state.claimed_until}"
    if state.linked:
        yield f"  other weights of the same subject, or a part of them: case {state.linked}"
    for copy in state.copies:
        yield f"  the same weights: {copy.kind} {printable(copy.name)}"
    for copy in state.joined:
        yield f"  the same weights, found since and not reviewed: {copy.kind} {printable(copy.name)}"
    for digest in state.digests:
        yield f"  {digest}"
    yield ""
    yield "Reasons, the weightiest first"
    rules = {rule["id"]: rule for rule in policy.get("rules", ())}
    for reason in state.reasons:
        remark = f" ({printable(reason.remark)})" if reason.remark else ""
        found = "; ".join(map(printable, reason.found))
        yield f"  {found}: {printable(reason.subject.name)} {printable(reason.fact)}{remark}"
        yield f"    by the word of {', '.join(_word(word) for word in reason.words)}"
        if reason.rule in rules:
            yield f"    rule {reason.rule}: {rules[reason.rule]['title']}"
            yield f"    {printable(' '.join(rules[reason.rule]['why'].split()), 2000)}"
            if review := rules[reason.rule].get("review"):  # ledgers from before it was recorded have none
                yield f"    For reviewers: {printable(' '.join(review.split()), 2000)}"
        if reason.test_lists:
            yield f"    rests on {', '.join(map(printable, reason.test_lists))}: a test list, so nothing is reported"
    yield ""
    yield from _rest_lines(rests)
    if state.confirmed:
        yield from ("", "Confirmed near matches", *(f"  {printable(why, 2000)}" for why in state.confirmed))
    if state.decisions:
        yield from ("", "Decisions")
        for decision in state.decisions:
            yield from _decision_lines(decision, now)
    yield from ("", "What was done")
    for event in events:
        yield f"  {event.time}  {event.actor:<12}  {_WHAT.get(event.kind, event.kind)}{_said(event)}"
    yield f"Seen up to event {state.last}."


def case_json(
    state: State, events: Sequence[Event], policy: Mapping[str, Any], rests: Rests | None, now: str
) -> dict[str, Any]:
    """The same as one JSON object."""
    named = {reason.rule for reason in state.reasons}
    return {
        "confidential": CONFIDENTIAL,
        "case": state.id,
        "stage": state.stage(now),
        "ground": state.ground,
        "confidence": state.confidence,
        "subject": serialization.of(state.subject),
        "copies": [serialization.of(ref) for ref in state.copies],
        "joined": [serialization.of(ref) for ref in state.joined],
        "digests": [str(digest) for digest in state.digests],
        "linked": state.linked,
        "opened_at": state.opened_at,
        "claimed_by": state.claimed_by if state.held(now) else "",
        "claimed_until": state.claimed_until if state.held(now) else "",
        "reasons": [serialization.of(reason) for reason in state.reasons],
        "facts": [
            {"fact": str(one.fact), "source": one.fact.statement.source, "falls": one.falls, "lost": len(one.lost)}
            for one in (rests.without if rests else ())
        ],
        "rests_on": [str(fact) for fact in (rests.smallest if rests else ())],
        "same_policy": rests.same_policy if rests else False,
        "rules": [rule for rule in policy.get("rules", ()) if rule["id"] in named],
        "confirmed": list(state.confirmed),
        "reported": state.reported,
        "opinions": [serialization.of(opinion) for opinion in state.opinions],
        "decisions": [serialization.of(decision) for decision in state.decisions],
        "history": [{"time": event.time, "actor": event.actor, "kind": event.kind} for event in events],
        "seen": state.last,
    }


def _rest_lines(rests: Rests | None) -> Iterator[str]:
    if rests is None:
        yield "What it rests on was not judged again"
        return
    yield "Without each fact in turn" + ("" if rests.same_policy else " (by today's rules, which are others)")
    for one in rests.without:
        what = "the case falls" if one.falls else f"{len(one.lost)} reasons fall" if one.lost else "nothing changes"
        yield f"  {what}: {_fact(one.fact)}"
    yield "It takes no more than"
    yield from (f"  {_fact(fact)}" for fact in rests.smallest)


def _fact(fact: Fact) -> str:
    return f"{printable(str(fact), 400)}, by the word of {_word(fact.statement.source)}"


def _word(source: str) -> str:
    if source == "lineage":
        return "the comparison with a list"
    return WORDS.get(source, printable(source))


def _decision_lines(decision: Decision, now: str) -> Iterator[str]:
    by = f"{decision.proposer} and {decision.approver}" if decision.approver else decision.proposer
    became = "lapsed" if decision.lapsed(now) else "due for re-review" if decision.due(now) else decision.status
    yield f"  {decision.id}  {decision.verdict}: {VERDICTS[decision.verdict]}; {became}"
    yield f"    by {by} on {decision.decided_at}; review by {decision.review_by}, ends {decision.expires_at}"
    yield f"    follows {', '.join(decision.rules) or 'no rule'}: {printable(decision.explanation, 4000)}"
    if decision.appeal:
        yield f"    appeal: {decision.appeal}"


def _said(event: Event) -> str:
    parts = (event.data.get("verdict", ""), event.data.get("outcome", ""), event.data.get("why", ""))
    said = ": ".join(printable(str(part), 2000) for part in parts if part)
    return f": {said}" if said else ""
