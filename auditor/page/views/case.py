"""The page of one case: reasons, the facts that support it, lineage, opinions, and what the reviewer can do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from auditor.errors import AuditorError
from auditor.model import Case, Kind, Ref
from auditor.page import masking, page_labels
from auditor.page.available_actions import available_step, available_undo, available_verdicts
from auditor.page.ledger_queries import recorded_policy
from auditor.page.requests import PageRequest
from auditor.page.responses import Page
from auditor.page.views.categories import CATEGORIES, hidden_categories
from auditor.page.views.groups import KIND_LABELS, groups_of_case
from auditor.page.views.history import history_steps
from auditor.pipeline.report import Edge
from auditor.reporting.labels import CASE_GROUNDS, LIST_MEANINGS
from auditor.reporting.lineage_layout import LineageDrawing, LineageLayout
from auditor.review.blind_review import visible_opinions
from auditor.review.case_reasons import STRENGTH_MEANINGS
from auditor.review.case_state import REVIEW_DAYS, STAGE_MEANINGS, CaseState
from auditor.review.case_support import CaseSupport, compute_support
from auditor.review.case_view import linked_case_label
from auditor.review.drafts import appeal_outcome_draft, reason_not_to_draft, rehearsal_warning
from auditor.review.evidence_sentences import describe_confirmations, describe_facts
from auditor.review.evidence_strength import SOURCE_LABELS
from auditor.review.report_case import REPORT_STEPS, describe_report_clock, missing_steps
from auditor.review.restoration import read_removals
from auditor.review.review_types import ACTION_VERDICTS

MAX_EVALUATED_FACTS = 40  # more take too long to evaluate for a page


# Statements about what something was made from, and the kind of that thing.
_PARENT_KINDS: Mapping[str, Kind] = {"base_model": "model", "trained_on": "dataset", "sourced_from": "dataset"}


def case_page(page_request: PageRequest, error: str = "", status: int = 200) -> Page:
    """Return the page of one case; after an error, with what was typed into its form."""
    from auditor.deindex.reach import case_reach

    ledger, me = page_request.ledger, page_request.reviewer
    state = ledger.state(page_request.path["case"])
    hidden = hidden_categories(page_request, state.id, state.ground)
    if hidden and "anyway" not in page_request.query and not error:
        anyway = f"/case/{state.id}?anyway=1"
        return Page("hidden_category.html", {"anyway": anyway, "hidden": hidden, "meanings": CATEGORIES})
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
            "facts_in_words": [
                *describe_facts(state.facts, policy, counts=True),
                *([describe_confirmations(len(state.confirmers))] if state.near_only else []),
            ],
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
            "rehearsal": rehearsal_warning(state.reasons, state, policy),
            "withheld": rehearsal_warning(state.reasons, state, policy)
            if state.ground == "report"
            else next((reason_not_to_draft(state, decision, policy) for decision in state.in_force), ""),
            "removals": read_removals(ledger, state.id),
            "outcome_draft": _draft_outcome(state, policy),
            "clock": describe_report_clock(state, now) if state.ground == "report" else "",
            "missing": missing_steps(state),
            "step_meanings": REPORT_STEPS,
            "lists": _matched_lists(state, policy),
            "linked_as": linked_case_label(state),
            "reach": case_reach(state, page_request.service.hubs),
            "groups": groups_of_case(page_request, state),
            "kinds": KIND_LABELS,
            "group": page_request.query["group"] or page_request.form_value("group"),
            "have_read": me in state.readers,
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


def _matched_lists(state: CaseState, policy: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return for the case page each list that the case matches: its name, its holder ("": unknown), its meaning."""
    named = {fact.list_name for fact in state.facts} | {one.name for reason in state.reasons for one in reason.lists}
    return [
        (known["name"], known.get("holder", ""), LIST_MEANINGS.get(known["means"], known["means"]))
        for known in policy.get("lists", ())
        if known["name"] in named
    ]


def _draft_outcome(state: CaseState, policy: Mapping[str, Any]) -> str:
    """Return for the case page the draft of an outcome that the owner was not told yet; "" if there is none."""
    untold = any(one.appeal in ("upheld", "overturned") and not one.outcome_told_at for one in state.decisions[-1:])
    if not untold or rehearsal_warning(state.decisions[-1].reasons, state, policy):
        return ""
    return appeal_outcome_draft(state, policy)


def _has_masked_words(state: CaseState, strong_words: masking.StrongWords) -> bool:
    """Return whether anything on this case page would be masked."""
    texts = [state.subject.name, *(reason.fact for reason in state.reasons), *(ref.name for ref in state.copies)]
    texts += [fact.statement.value for fact in state.facts]
    quoted = any(fact.statement.key in page_labels.FULLY_MASKED_KEYS for fact in state.facts)
    return quoted or any(masking.MASK in masking.mask_text(text, strong_words) for text in texts)


def _support_or_reason(page_request: PageRequest, state: CaseState) -> tuple[CaseSupport | None, str]:
    """Return what a case page's case rests on, or why it was not evaluated here."""
    if len(state.facts) > MAX_EVALUATED_FACTS:
        return (
            None,
            f"Not evaluated here: {len(state.facts):,} facts are too many for a page.",
        )
    try:
        return compute_support(state, page_request.service.policy(page_request.ledger, state.policy)), ""
    except AuditorError as error:
        return None, str(error)


def _draw_lineage(page_request: PageRequest, state: CaseState) -> LineageDrawing | None:
    """Draw on the case page the lineage that the case's facts and the runs at hand state."""
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
            node,
            name=masking.mask_text(node.name, strong_words),
            label=masking.mask_text(node.label, strong_words),
            title=masking.mask_text(node.title, strong_words, masking.MAX_PROSE_LENGTH),
        )
        for node in drawn.nodes
    )
    return replace(drawn, nodes=nodes, words=masking.mask_text(drawn.words, strong_words, masking.MAX_PROSE_LENGTH))
