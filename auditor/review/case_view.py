"""Show a case or the queue as text lines or JSON, without anything that a second reviewer must not see yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from auditor.printable import printable
from auditor.review import serialization
from auditor.review.case_reasons import CaseFact
from auditor.review.case_state import STAGE_MEANINGS, CaseState
from auditor.review.case_support import CaseSupport
from auditor.review.evidence_sentences import describe_confirmations, describe_facts, describe_subject
from auditor.review.evidence_strength import SOURCE_LABELS
from auditor.review.ledger_events import LedgerEvent
from auditor.review.queue import QueuePage, QueueRow
from auditor.review.report_case import REPORT_STEPS, describe_report_clock, missing_steps
from auditor.review.review_types import ACTION_VERDICTS, VERDICT_MEANINGS, Decision

CONFIDENTIAL = "Confidential: unproven until decided"
_EVENT_DESCRIPTIONS = {
    "opened": "opened",
    "joined": "re-uploads or reasons were added",
    "read": "read, with its counts and facts",
    "claimed": "claimed",
    "released": "released",
    "proposed": "first opinion",
    "reviewed": "second opinion",
    "withdrawn": "withdrew an opinion or confirmation",
    "settled": "third or later opinion",
    "interim": "interim decision",
    "confirmed": "a near match was confirmed",
    "reopened": "reopened",
    "appealed": "the owner appealed",
    "appeal-decided": "the appeal was decided",
    "outcome-told": "the owner was told the outcome of the appeal",
    "reported": "a report, or that none is due, was recorded",
    "step": "a step of the report case",
    "notified": "the owner was notified",
    "listed": "put on a list",
    "delisted": "taken off a list",
}


def queue_lines(page: QueuePage) -> Iterator[str]:
    """Yield a view of the queue, tabs between: case, stage, ground, confidence, since, claim, subject."""
    for row in page.rows:
        by = f"{row.claimed_by} until {row.claimed_until}" if row.claimed_by else ""
        cells = (row.case, row.stage, row.ground, row.confidence, row.opened_at[:10], by, _subject_label(row))
        yield "\t".join(cells)


def _subject_label(row: QueueRow) -> str:
    """Return the text by which a view of a case names its subject."""
    return f"{row.subject.kind} {printable(row.subject.name)}"


def queue_json(page: QueuePage) -> dict[str, Any]:
    """Return a view of a page of the queue as a JSON object."""
    return {"total": page.total, "next": page.next, "cases": [asdict(row) for row in page.rows]}


def case_lines(
    state: CaseState, events: Sequence[LedgerEvent], policy: Mapping[str, Any], support: CaseSupport | None, now: str
) -> Iterator[str]:
    """Yield a view of a case as text: what it is, its reasons and their sources, what it rests on, its history.

    Args:
        state: The case, blinded as for anyone.
        events: Its events, blinded likewise.
        policy: The recorded policy of the case; {} when the ledger holds none.
        support: What the case rests on; None when it was not evaluated.
        now: The current time.
    """
    stage = state.stage(now)
    yield CONFIDENTIAL
    yield ""
    yield f"Case {state.id}: {describe_subject(state.subject)}"
    yield f"  {state.ground}; {stage}: {STAGE_MEANINGS[stage]}"
    if state.is_claimed(now):
        yield f"  claimed by {state.claimed_by} until {state.claimed_until}"
    if state.linked:
        yield f"  {linked_case_label(state)}: case {state.linked}"
    for copy in state.copies:
        yield f"  the same weights: {copy.kind} {printable(copy.name)}"
    for copy in state.joined:
        yield f"  the same weights, found since and not reviewed: {copy.kind} {printable(copy.name)}"
    for digest in state.digests:
        yield f"  {digest}"
    if state.ground == "report":
        yield from _report_lines(state, now)
    yield ""
    yield "Reasons, the strongest first"
    rules = {rule["id"]: rule for rule in policy.get("rules", ())}
    for reason in state.reasons:
        remark = f" ({printable(reason.remark)})" if reason.remark else ""
        found = "; ".join(map(printable, reason.descriptions))
        yield f"  {found}: {printable(reason.subject.name)} {printable(reason.fact)}{remark}"
        yield f"    sources: {', '.join(_source_label(word) for word in reason.words)}"
        if reason.rule in rules:
            yield f"    rule {reason.rule}: {rules[reason.rule]['title']}"
            yield f"    {printable(' '.join(rules[reason.rule]['why'].split()), 2000)}"
            if review := rules[reason.rule].get("review"):  # ledgers from before it was recorded have none
                yield f"    For reviewers: {printable(' '.join(review.split()), 2000)}"
        if reason.test_lists:
            yield f"    depends on {', '.join(map(printable, reason.test_lists))}: a test list, so nothing is reported"
    yield from ("", "Facts in words")
    yield from (f"  {sentence}" for sentence in describe_facts(state.facts, policy, counts=True))
    if state.near_only:
        yield f"  {describe_confirmations(len(state.confirmers))}"
    yield ""
    yield from _support_lines(support)
    if state.confirmed:
        yield from ("", "Confirmed near matches", *(f"  {printable(why, 2000)}" for why in state.confirmed))
    if state.decisions:
        yield from ("", "Decisions")
        for decision in state.decisions:
            yield from _decision_lines(decision, now)
    yield from ("", "History")
    for event in events:
        yield f"  {event.time}  {event.actor:<12}  {_describe_event(event)}"
    yield f"Last event: {state.last_event}."


def case_json(
    state: CaseState, events: Sequence[LedgerEvent], policy: Mapping[str, Any], support: CaseSupport | None, now: str
) -> dict[str, Any]:
    """Return a view of a case as one JSON object, with what :func:`case_lines` shows."""
    named = {reason.rule for reason in state.reasons}
    return {
        "confidential": CONFIDENTIAL,
        "case": state.id,
        "stage": state.stage(now),
        "ground": state.ground,
        "confidence": state.confidence,
        "subject": serialization.to_json(state.subject),
        "copies": [serialization.to_json(ref) for ref in state.copies],
        "joined": [serialization.to_json(ref) for ref in state.joined],
        "digests": [str(digest) for digest in state.digests],
        "linked": state.linked,
        "opened_at": state.opened_at,
        "claimed_by": state.claimed_by if state.is_claimed(now) else "",
        "claimed_until": state.claimed_until if state.is_claimed(now) else "",
        "reasons": [serialization.to_json(reason) for reason in state.reasons],
        "facts": [
            {
                "fact": str(one.fact),
                "source": one.fact.statement.source,
                "falls": one.case_falls,
                "lost": len(one.lost_reasons),
            }
            for one in (support.counterfactuals if support else ())
        ],
        "facts_in_words": list(describe_facts(state.facts, policy, counts=True)),
        "rests_on": [str(fact) for fact in (support.minimal_facts if support else ())],
        "same_policy": support.same_policy if support else False,
        "rules": [rule for rule in policy.get("rules", ()) if rule["id"] in named],
        "confirmed": list(state.confirmed),
        "found_at": state.found_at,
        "steps": [serialization.to_json(made) for made in state.steps],
        "missing_steps": list(missing_steps(state)),
        "reported": state.reported,
        "opinions": [serialization.to_json(opinion) for opinion in state.opinions],
        "decisions": [serialization.to_json(decision) for decision in state.decisions],
        "history": [{"time": event.time, "actor": event.actor, "kind": event.kind} for event in events],
        "seen": state.last_event,
    }


def linked_case_label(state: CaseState) -> str:
    """Return how the case that a case is linked to differs from it."""
    return "another revision" if state.ground == "report" else "other weights of the same subject, or a part of them"


def _report_lines(state: CaseState, now: str) -> Iterator[str]:
    """Yield for a view of a report case its clock, what was done, and what is to be done."""
    yield ""
    yield f"Report case, for one person: {describe_report_clock(state, now)}"
    for made in state.steps:
        yield f"  {made.outcome}: {REPORT_STEPS[made.step]} ({made.reviewer}, {made.at}): {printable(made.why, 2000)}"
    for step in missing_steps(state):
        yield f"  not recorded: {step}: {REPORT_STEPS[step]}"
    if "report" in missing_steps(state):
        yield "  draft: auditor report RUN --draft hotline, or cybertipline; RUN is the folder of the run that found it"


def reading_lines(state: CaseState) -> Iterator[str]:
    """Yield what is read of a case before a decision on its group: subject, revision, reasons, counts and facts."""
    revision = printable(state.subject.revision) or "not stated"
    yield f"Case {state.id}: {state.subject.kind} {printable(state.subject.name)}; revision: {revision}"
    for reason in state.reasons:
        counted = f" ({printable(reason.remark)})" if reason.remark else ""
        yield f"  {printable(reason.fact)}{counted}"
    for fact in state.facts:
        where = f", {printable(str(fact.statement.place))}" if fact.statement.place.uri else ""
        yield f"  {_fact_label(fact)}{where}"


def _support_lines(support: CaseSupport | None) -> Iterator[str]:
    """Yield for a view of a case which facts it rests on."""
    if support is None:
        yield "The facts were not evaluated again"
        return
    yield "What changes when one fact is left out" + (
        "" if support.same_policy else " (evaluated with the current rules; the case was opened with other rules)"
    )
    for one in support.counterfactuals:
        what = (
            "no case would be open"
            if one.case_falls
            else f"{len(one.lost_reasons)} reasons no longer apply"
            if one.lost_reasons
            else "nothing changes"
        )
        yield f"  {what}: {_fact_label(one.fact)}"
    yield "Smallest set of facts that is enough to open it"
    yield from (f"  {_fact_label(fact)}" for fact in support.minimal_facts)


def _fact_label(fact: CaseFact) -> str:
    """Return the text by which a view of a case names a fact."""
    return f"{printable(str(fact), 400)}, source: {_source_label(fact.statement.source)}"


def _source_label(source: str) -> str:
    """Return the text by which a view of a case names a fact's source."""
    if source == "lineage":
        return "comparison with the list"
    return SOURCE_LABELS.get(source, printable(source))


def _decision_lines(decision: Decision, now: str) -> Iterator[str]:
    """Yield for a view of a case who decided what, why, and what became of the decision."""
    by = f"{decision.proposer} and {decision.approver}" if decision.approver else f"{decision.proposer} alone"
    if decision.dissents:
        by += f", who agreed after {len(decision.dissents)} other opinion{'s' if len(decision.dissents) > 1 else ''},"
    became = (
        "lapsed"
        if decision.has_lapsed(now)
        else "due for re-review"
        if decision.is_due_for_review(now)
        else decision.status
    )
    yield f"  {decision.id}  {decision.verdict}: {VERDICT_MEANINGS[decision.verdict]}; {became}"
    yield f"    by {by} on {decision.decided_at}; review by {decision.review_by}, ends {decision.expires_at}"
    yield f"    follows {', '.join(decision.rules) or 'no rule'}"
    yield f"    in {decision.proposer}'s words: {printable(decision.explanation, 4000)}"
    if decision.approver:
        yield f"    in {decision.approver}'s words: {printable(decision.second_explanation, 4000)}"
    for other in decision.dissents:
        yield f"    {other.reviewer} chose {other.verdict}: {printable(other.why, 4000)}"
    if decision.verdict in ACTION_VERDICTS:
        told = f"on {decision.notified_at}" if decision.notified_at else "not recorded"
        yield f"    owner notified: {told}; can appeal until {decision.appeal_by}"
    if decision.appeal:
        yield f"    appeal: {decision.appeal}"
    if decision.appeal_explanation:
        yield f"    reasons: {printable(decision.appeal_explanation, 4000)}"
        yield f"    owner told the outcome: {decision.outcome_told_at or 'not recorded'}"


def _describe_event(event: LedgerEvent) -> str:
    """Return an event of a case's history as text."""
    parts = (event.data.get(name, "") for name in ("step", "verdict", "outcome", "why"))
    said = ": ".join(printable(str(part), 2000) for part in parts if part)
    what = _EVENT_DESCRIPTIONS.get(event.kind, event.kind)
    if group := event.data.get("group"):
        what += f", given on {group:,} cases at once"
    return f"{what}: {said}" if said else what
