"""What a reviewer can do next with a case."""

from __future__ import annotations

from auditor.page import page_labels
from auditor.review.case_state import CaseState
from auditor.review.case_transitions import can_withdraw_confirmation
from auditor.review.report_case import missing_steps
from auditor.review.review_types import Verdict


def available_step(state: CaseState, me: str, now: str) -> str:
    """Return the step of this reviewer: propose, review, settle, appeal, report, done; or why none (wait-…)."""
    if state.is_claimed(now) and state.claimed_by != me:
        return "wait-held"
    if state.ground == "report":
        return "report" if missing_steps(state) else "done"
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
    """Return the verdicts available to this reviewer; interim only where one reviewer may act at once."""
    offered: list[Verdict] = [verdict for verdict in page_labels.VERDICT_LABELS if verdict != "interim"]
    urgent = (
        not state.in_force
        and not any(decision.verdict == "interim" for decision in state.decisions)
        and any(reason.strength in ("exact", "listed") for reason in state.reasons)
    )
    return (*offered, *(("interim",) if urgent else ()))


def available_undo(state: CaseState, me: str, now: str) -> str:
    """Return the undo available to this reviewer: withdraw, release, or ""."""
    if state.phase in ("proposed", "disputed") and state.opinions and state.opinions[-1].reviewer == me:
        return "withdraw"
    if can_withdraw_confirmation(state, me) and not state.is_claimed(now):
        return "withdraw"
    return "release" if state.is_claimed(now) and state.claimed_by == me else ""
