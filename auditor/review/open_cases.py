"""Open cases from a finished run, one for each ground and set of weights, or join them to existing cases.

A case keeps the facts that its reasons follow from, so that it can be evaluated again without any one of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from auditor.errors import UsageError
from auditor.model import Ref
from auditor.pipeline.report import Report, read_report
from auditor.review import check_cases, reviewers, serialization
from auditor.review.case_candidates import CaseCandidate, read_candidates, read_report_cases
from auditor.review.case_policy import load_case_policy, reason_key
from auditor.review.case_reasons import CaseFact
from auditor.review.case_state import CaseState
from auditor.review.ledger import Ledger
from auditor.review.ledger_events import LedgerAction

# Relations of facts that were computed from a model's weights.
_WEIGHT_RELATIONS = frozenset({"same-weights", "hub-listed-weights", "same-autov3", "same-values", "claimed-weights"})
# Facts of so many cases are held in memory at a time.
CASES_PER_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class OpenResult:
    """The ids of the cases that opening a run changed.

    ``linked`` are new cases about other weights of a subject that has a case; ``joined`` got a re-upload or a reason.
    ``cleared`` were overturned or decided as no action, and no new fact opens them again; ``cleared_elsewhere`` says of
    which a sender of de-index lists says so.
    ``without_digests`` have no digest of any weights file.
    """

    new: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    cleared: tuple[str, ...] = ()
    cleared_elsewhere: tuple[str, ...] = ()
    without_digests: tuple[str, ...] = ()

    def __add__(self, other: OpenResult) -> OpenResult:
        return OpenResult(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


def open_cases(
    ledger: Ledger,
    run: str | os.PathLike[str],
    *,
    rules: Sequence[Path] = (),
    find_clearance: Callable[[CaseCandidate], str] = lambda candidate: "",
) -> OpenResult:
    """Open the cases of a finished run, or join them to existing cases.

    The same weights under another name join their case; a commit that changes neither weights nor reasons changes
    nothing; other weights of a subject that has a case open a linked one.

    Args:
        ledger: The ledger that records the cases.
        run: The run's folder.
        rules: The further folders of rules that the run was evaluated with.
        find_clearance: Returns in words what others cleared that a new case would be about, or "": then it is opened.

    Raises:
        UsageError: The run was evaluated with other rules.
        RunError: The run cannot be read, or its facts do not support a case.
    """
    folder = Path(run)
    made = read_report(folder)
    policy = load_case_policy(made.policy, rules)
    if policy.fingerprint != made.policy.fingerprint:
        raise UsageError(
            f"{folder}: was evaluated with other rules than these; name its rules with --rules, "
            f"or evaluate it again: auditor judge {folder} --out DIR"
        )
    cases = (*read_report_cases(made), *made.cases)
    if cases and not any(known["fingerprint"] == policy.fingerprint for known in ledger.policies()):
        ledger.record(LedgerAction("policy", "", reviewers.PROGRAM_ACTOR, _policy_data(made)))
    opened = OpenResult()
    for start in range(0, len(cases), CASES_PER_BATCH):
        opened += _open_batch(
            ledger,
            read_candidates(folder, cases[start : start + CASES_PER_BATCH], policy, made.policy.lists),
            made,
            find_clearance,
        )
    for group in ledger.groups():
        if group.new >= check_cases.MIN_CHECKED_CASES:
            check_cases.place_check_cases(ledger, group.group)
    return opened


def _policy_data(made: Report) -> dict[str, Any]:
    """Return what the ledger records of the policy when cases are opened: profile, lists, and rules."""
    shown = ("id", "title", "severity", "case", "why", "fix", "review", "references")
    return {
        "fingerprint": made.policy.fingerprint,
        "profile": made.policy.profile,
        "version": made.version,
        "lists": [asdict(known) for known in made.policy.lists],
        **({"extensions": made.policy.extensions} if made.policy.extensions else {}),
        "rules": [{name: getattr(rule, name) for name in shown} for rule in made.policy.rules if rule.case],
    }


def _open_batch(
    ledger: Ledger, candidates: Iterable[CaseCandidate], made: Report, find_clearance: Callable[[CaseCandidate], str]
) -> OpenResult:
    """Open the cases of a batch of candidates, in as few transactions as possible."""
    acts: dict[str, LedgerAction] = {}
    opened = OpenResult()
    for candidate in candidates:
        act, change = _plan_action(ledger, candidate, made, find_clearance)
        if act and act.case in acts:  # another one of this batch has the same weights and must be recorded first
            ledger.record(*acts.values())
            acts = {}
            act, change = _plan_action(ledger, candidate, made, find_clearance)
        if act:
            acts[act.case] = act
        opened += change
    if acts:
        ledger.record(*acts.values())
    return opened


def _plan_action(
    ledger: Ledger, candidate: CaseCandidate, made: Report, find_clearance: Callable[[CaseCandidate], str]
) -> tuple[LedgerAction | None, OpenResult]:
    """Return the action that opens or joins a candidate's case, if any, and what it changes."""
    content: dict[str, Any] = {
        "reasons": [serialization.to_json(reason) for reason in candidate.reasons],
        "facts": [serialization.to_json(fact) for fact in candidate.facts],
        "digests": [serialization.to_json(digest) for digest in candidate.digests],
        "copies": [serialization.to_json(copy) for copy in candidate.copies],
        "policy": made.policy.fingerprint,
        "version": made.version,
    }
    if candidate.ground == "report":
        content["found_at"] = min(made.finished, ledger.now)  # the scanning machine's clock may be ahead
    without_digests = () if candidate.weights or candidate.ground == "report" else (candidate.id,)
    same = _find_same_case(ledger, candidate)
    if same is None and (cleared := _find_cleared_case(ledger, candidate)):
        return None, OpenResult(cleared=(cleared,))
    if same is None and (elsewhere := find_clearance(candidate)):
        return None, OpenResult(cleared_elsewhere=(elsewhere,))
    if same is None:
        linked = _find_linked_case(ledger, candidate)
        content |= {
            "ground": candidate.ground,
            "subject": serialization.to_json(candidate.subject),
            "weights": candidate.weights,
            "linked": linked,
        }
        change = OpenResult(
            new=(candidate.id,), linked=(candidate.id,) if linked else (), without_digests=without_digests
        )
        return LedgerAction("opened", candidate.id, reviewers.PROGRAM_ACTOR, content), change
    known = {(ref.kind, ref.name) for ref in (same.subject, *same.copies, *same.joined)}
    copies = [ref for ref in (candidate.subject, *candidate.copies) if (ref.kind, ref.name) not in known]
    said = {reason_key(reason) for reason in same.reasons}
    real = {reason_key(reason) for reason in same.reasons if not reason.test_lists}
    # A list of known content may find what only a test list had found before.
    reasons = [
        reason for reason in candidate.reasons if reason_key(reason) not in (said if reason.test_lists else real)
    ]
    if not copies and not reasons:
        return None, OpenResult(unchanged=(same.id,), without_digests=without_digests)
    content |= {
        "copies": [serialization.to_json(ref) for ref in copies],
        "reasons": [serialization.to_json(reason) for reason in reasons],
    }
    return LedgerAction("joined", same.id, reviewers.PROGRAM_ACTOR, content), OpenResult(
        joined=(same.id,), without_digests=without_digests
    )


def _find_same_case(ledger: Ledger, candidate: CaseCandidate) -> CaseState | None:
    """Return the open case of these weights; if digests are missing on either side, that of this name and revision."""
    if candidate.weights:
        for case in ledger.find_cases(candidate.ground, weights=candidate.weights):
            return ledger.state(case)
    for case in ledger.find_cases(candidate.ground, name=candidate.subject.name):
        state = ledger.state(case)
        unknown = not candidate.weights or not state.weights
        before = Ref(state.subject.kind, state.subject.name, candidate.subject.revision)
        if unknown and before == state.subject and before.kind == candidate.subject.kind:
            return state
    return None


def _find_cleared_case(ledger: Ledger, candidate: CaseCandidate) -> str:
    """Return the case of the same subject that people cleared on the same facts; "" if there is none.

    A fact that was computed from weights is another one for other weights.
    """
    facts = set(map(_fact_identity, candidate.facts))
    if any(fact.statement.relation in _WEIGHT_RELATIONS for fact in candidate.facts):
        return ""
    for case in ledger.find_cases(candidate.ground, name=candidate.subject.name):
        state = ledger.state(case)
        no_action = state.phase == "approved" and any(one.verdict == "no-action" for one in state.in_force)
        if (state.phase == "overturned" or no_action) and facts <= set(map(_fact_identity, state.facts)):
            return case
    return ""


def _fact_identity(fact: CaseFact) -> tuple[str, ...]:
    """Return by what a fact is the same in another revision: without revisions, places and counts."""
    return fact.subject.kind, fact.subject.name, fact.statement.key, fact.statement.value, fact.statement.relation


def _find_linked_case(ledger: Ledger, candidate: CaseCandidate) -> str:
    """Return the newest case to join: of the same subject with other weights, or with a file in common.

    "" if there is none.
    """
    cases = ledger.find_cases(candidate.ground, name=candidate.subject.name)
    for digest in candidate.digests if not cases else ():
        cases += ledger.find_cases(candidate.ground, digest=str(digest))
    return cases[-1] if cases else ""
