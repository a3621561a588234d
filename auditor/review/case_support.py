"""Which facts a case rests on: the rules are evaluated again without each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.model import Finding, Ground
from auditor.policy.load_policy import Policy
from auditor.review.case_policy import flagged_reasons, keep_case_rules, reason_key
from auditor.review.case_reasons import STRENGTH_MEANINGS, CaseFact, Reason
from auditor.review.case_state import CaseState
from auditor.review.evidence_strength import fact_strength, source_rank


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """What remains of a case without one fact: the reasons that fall, and whether the whole case falls."""

    fact: CaseFact
    lost_reasons: tuple[Reason, ...]
    case_falls: bool


@dataclass(frozen=True, slots=True)
class CaseSupport:
    """What a case rests on: each fact left out in turn, and the smallest set that opens it by itself.

    ``same_policy`` tells whether the rules, profile and vocabularies are those that the case was opened under.
    """

    counterfactuals: tuple[Counterfactual, ...]
    minimal_facts: tuple[CaseFact, ...]
    same_policy: bool


def compute_support(state: CaseState, policy: Policy) -> CaseSupport:
    """Return the support of a case: evaluate it without each of its facts in turn, by this policy."""
    rules = keep_case_rules(policy, state.ground)
    whole = flagged_reasons(state.facts, rules, state.ground)
    without = []
    for fact in state.facts:
        left = flagged_reasons([other for other in state.facts if other is not fact], rules, state.ground)
        lost = tuple(reason for reason in state.reasons if reason_key(reason) in whole - left)
        without.append(Counterfactual(fact, lost, not left))
    enough = [find_minimal_facts(state.facts, rules, state.ground, reason) for reason in state.reasons]
    return CaseSupport(
        tuple(without), min(filter(None, enough), key=len, default=()), policy.fingerprint == state.policy
    )


def find_minimal_facts(
    facts: Sequence[CaseFact], policy: Policy, ground: Ground, reason: Reason | Finding
) -> tuple[CaseFact, ...]:
    """Return facts that together support a reason, none of which can be left out.

    When one of several facts would do, the strongest is kept.

    Args:
        facts: All facts of the case.
        policy: The rules that open cases.
        ground: The ground of the case.
        reason: What must still be flagged.

    Returns:
        The facts; () when all facts together do not make the reason hold.
    """
    name = reason.subject.name if isinstance(reason, Reason) else reason.subject
    key = (reason.rule, name, reason.fact)
    if key not in flagged_reasons(facts, policy, ground):
        return ()
    order = list(STRENGTH_MEANINGS)
    kept = sorted(facts, key=lambda f: (-order.index(fact_strength(f.statement)), source_rank(f.statement.source)))
    for fact in tuple(kept):
        fewer = [other for other in kept if other is not fact]
        if key in flagged_reasons(fewer, policy, ground):
            kept = fewer
    return tuple(kept)
