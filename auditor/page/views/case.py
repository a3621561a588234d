"""The page of one case: reasons, the facts that support it, lineage, opinions, and what the reviewer can do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.errors import AuditorError
from auditor.model import Case, Kind, Ref
from auditor.page import wording
from auditor.page.ledger_session import recorded_policy
from auditor.pipeline.report import Edge
from auditor.reporting.labels import CASE_GROUNDS
from auditor.reporting.lineage_layout import LineageDrawing, LineageLayout
from auditor.review.case_state import REVIEW_DAYS, STAGE_MEANINGS, CaseState
from auditor.review.case_support import CaseSupport, compute_support
from auditor.review.case_transitions import can_withdraw_confirmation
from auditor.review.decisions import ACTION_VERDICTS, STRENGTH_MEANINGS, Opinion, Verdict
from auditor.review.drafts import reason_not_to_draft
from auditor.review.evidence_strength import SOURCE_LABELS

if TYPE_CHECKING:
    pass
from auditor.page.requests import Page, PageRequest
from auditor.page.views.categories import CATEGORIES, hidden_categories
from auditor.page.views.history import history_steps

MAX_EVALUATED_FACTS = 40  # more take too long to evaluate for a page


# Statements about what something was made from, and the kind of that thing.
_PARENT_KINDS: Mapping[str, Kind] = {"base_model": "model", "trained_on": "dataset", "sourced_from": "dataset"}


def case_page(page_request: PageRequest, error: str = "", status: int = 200) -> Page:
    """Return the page of one case; after an error, with what was typed into its form."""
    ledger, me = page_request.ledger, page_request.reviewer
    state = ledger.state(page_request.path["case"])
    hidden = hidden_categories(page_request, state.id, state.ground)
    if hidden and "anyway" not in page_request.query and not error:
        return Page("hidden_category.html", {"case": state.id, "hidden": hidden, "meanings": CATEGORIES})
    history = ledger.history(state.id)
    now = ledger.now
    policy = recorded_policy(ledger, state)
    rules = {rule["id"]: rule for rule in policy.get("rules", ())}
    rested, unrested = _support_or_reason(page_request, state)
    return Page(
        "case.html",
        {
            "state": state,
            "decisions": ledger.blinded_state(state.id).decisions,
            "stage": state.stage(now),
            "held": state.claimed_by if state.is_claimed(now) else "",
            "mine": state.is_claimed(now) and state.claimed_by == me,
            "passed": state.id in page_request.session.store.preferences.passed,
            "reasons": state.reasons,
            "rules": {reason.rule: rules.get(reason.rule, {}) for reason in state.reasons},
            "rested": rested,
            "unrested": unrested,
            "drawing": _draw_lineage(page_request, state),
            "opinions": visible_opinions(state, me),
            "doing": available_step(state, me, now),
            "verdicts": available_verdicts(state, me),
            "undo": available_undo(state, me, now),
            "review_days": (REVIEW_DAYS, 90, 30),
            "action": any(decision.verdict in ACTION_VERDICTS for decision in state.in_force),
            "withheld": next((reason_not_to_draft(state, decision, policy) for decision in state.in_force), ""),
            "history": history_steps(history),
            "grounds": CASE_GROUNDS,
            "strengths": STRENGTH_MEANINGS,
            "stages": STAGE_MEANINGS,
            "sources": SOURCE_LABELS,
            "error": error,
            "typed": page_request.form,
            "proof": ledger.checkpoint(),
            "strong": _has_masked_words(state, page_request.service.strong_words),
        },
        status,
    )


def _has_masked_words(state: CaseState, strong_words: wording.StrongWords) -> bool:
    """Return whether anything on this case page would be masked."""
    texts = [state.subject.name, *(reason.fact for reason in state.reasons), *(ref.name for ref in state.copies)]
    texts += [fact.statement.value for fact in state.facts]
    quoted = any(fact.statement.key in wording.FULLY_MASKED_KEYS for fact in state.facts)
    return quoted or any(wording.MASK in wording.mask_text(text, strong_words) for text in texts)


def visible_opinions(state: CaseState, me: str) -> tuple[Opinion, ...]:
    """Return the opinions of this round that this reviewer may see: the second one is given blind."""
    if state.phase == "disputed":
        return state.opinions
    return tuple(opinion for opinion in state.opinions if opinion.reviewer == me)


def available_step(state: CaseState, me: str, now: str) -> str:
    """Return what this reviewer can do next: propose, review, settle, appeal, done, or why nothing (wait-…)."""
    if state.is_claimed(now) and state.claimed_by != me:
        return "wait-held"
    if state.appeal:
        return "wait-involved" if me in state.involved else "appeal"
    given = {opinion.reviewer for opinion in state.opinions} | state.barred_reviewers
    if state.phase == "new":
        return "propose"
    if state.phase in ("proposed", "disputed"):
        if me in given:
            return "wait-another"
        return "review" if state.phase == "proposed" else "settle"
    return "done"


def available_verdicts(state: CaseState, me: str) -> tuple[Verdict, ...]:
    """Return the verdicts that this reviewer can give; interim only where a single reviewer may act at once."""
    if state.phase == "disputed":
        offered: list[Verdict] = list(dict.fromkeys(opinion.verdict for opinion in state.opinions))
    else:
        offered = [verdict for verdict in wording.VERDICT_LABELS if verdict != "interim"]
    urgent = (
        not state.in_force
        and not any(decision.verdict == "interim" for decision in state.decisions)
        and any(reason.strength in ("exact", "listed") for reason in state.reasons)
    )
    return (*offered, *(("interim",) if urgent else ()))


def available_undo(state: CaseState, me: str, now: str) -> str:
    """Return what this reviewer can still take back: withdraw, release, or ""."""
    if state.phase in ("proposed", "disputed") and state.opinions and state.opinions[-1].reviewer == me:
        return "withdraw"
    if can_withdraw_confirmation(state, me) and not state.is_claimed(now):
        return "withdraw"
    return "release" if state.is_claimed(now) and state.claimed_by == me else ""


def _support_or_reason(page_request: PageRequest, state: CaseState) -> tuple[CaseSupport | None, str]:
    """Return what the case rests on, or why it was not evaluated here."""
    if len(state.facts) > MAX_EVALUATED_FACTS:
        return (
            None,
            f"Not evaluated for {len(state.facts):,} facts; run `auditor review show {state.id}`.",
        )
    try:
        return compute_support(state, page_request.service.policy(page_request.ledger, state.policy)), ""
    except AuditorError as error:
        return None, str(error)


def _draw_lineage(page_request: PageRequest, state: CaseState) -> LineageDrawing | None:
    """Draw the lineage that the case's facts and the runs at hand state."""
    here = [
        Edge(
            fact.subject,
            Ref(_PARENT_KINDS[said.key], said.value),
            said.relation or said.key.replace("_", "-"),
            said.source,
        )
        for fact in state.facts
        if (said := fact.statement).key in _PARENT_KINDS
    ]
    seen = {(edge.child.name, edge.parent.name) for edge in here}
    edges = [replace(edge, child=Ref(edge.child.kind, edge.child.name)) for edge in here]
    for run in page_request.service.reports():
        edges += [edge for edge in run.lineage if (edge.child.name, edge.parent.name) not in seen]
    subject = state.subject
    drawn = LineageLayout(dict.fromkeys(edges)).layout_case(
        Case(state.ground, subject.kind, subject.name, subject.revision, ())
    )
    if drawn is None or page_request.service.unmasked(page_request):
        return drawn
    strong_words = page_request.service.strong_words
    nodes = tuple(
        replace(
            node, name=wording.mask_text(node.name, strong_words), label=wording.mask_text(node.label, strong_words)
        )
        for node in drawn.nodes
    )
    return replace(drawn, nodes=nodes, words=wording.mask_text(drawn.words, strong_words, wording.MAX_PROSE_LENGTH))
