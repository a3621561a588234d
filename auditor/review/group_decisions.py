"""Decide a group of cases at once: the same opinion on each, with the checks that an opinion on one case has.

Each case gets its own entry, signed like any other, and keeps its own first and blind second review. A case for which
the opinion is refused is left out and named; the others are recorded in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from auditor.errors import UsageError
from auditor.review import case_groups, case_transitions, check_cases
from auditor.review.case_groups import CaseGroup
from auditor.review.case_state import CaseState
from auditor.review.ledger import Ledger
from auditor.review.ledger_events import LedgerAction, LedgerEvent
from auditor.review.review_types import ACTION_VERDICTS, GROUP_VERDICTS, Verdict
from auditor.timestamps import add_time

_CLAIM_HOURS = 1  # of the claim that a first opinion needs


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A case of a group that a decision did not take in, and why."""

    case: str
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class GroupResult:
    """What a decision on a group recorded: the states of its cases, and the cases that were left out."""

    taken: tuple[CaseState, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class GroupOpinion:
    """One opinion on cases of a group.

    ``first`` is whether it is the first opinion on them, or a second or later one. ``rules`` () are all rules that each
    case rests on. ``only`` are the cases that are meant, () for all; ``without`` are cases to leave out. ``seen`` is
    the ledger's last event as the reviewer saw the group, -1 for any: a case that has changed since is left out.
    """

    group: CaseGroup
    reviewer: str
    verdict: Verdict
    why: str
    first: bool
    rules: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    review_by: str = ""
    seen: int = -1


def decide_group(ledger: Ledger, opinion: GroupOpinion) -> GroupResult:
    """Record an opinion on every case of a group that takes it.

    Raises:
        UsageError: The verdict is none for a group, no case takes the opinion, known innocents are among the cases, or
            somebody else recorded something on one of them meanwhile. Nothing is recorded.
    """
    group, verdict = opinion.group, opinion.verdict
    if verdict not in GROUP_VERDICTS:
        raise UsageError(
            f"{group.label}: {verdict} is decided for each case by itself; for a group there are "
            f"{', '.join(GROUP_VERDICTS)}"
        )
    if verdict == "de-index" and group.kind != "weights":
        shared = case_groups.weights_groups(ledger.database, group)
        raise UsageError(
            f"{group.label}: a group is de-indexed only where all its cases hold the same weights; "
            + (f"such groups here: {', '.join(one.label for one in shared)}" if shared else "no two of these cases do")
        )
    check_cases.place_check_cases(ledger, group)
    chosen = _chosen_cases(ledger, opinion)
    if verdict in ACTION_VERDICTS:
        check_cases.require_none_taken(ledger, group, chosen, only=opinion.only, without=opinion.without)
    taken: list[tuple[CaseState, list[LedgerAction]]] = []
    left_out: list[LeftOut] = []
    for case in chosen:
        state = ledger.state(case)
        actions = _actions(state, opinion, ledger.now, len(chosen))
        why = _refusal_reason(state, actions, opinion, ledger.now)
        if why:
            left_out.append(LeftOut(case, state.subject.name, why))
        else:
            taken.append((state, actions))
    if not taken:
        raise UsageError(_nothing_to_record(ledger, opinion, left_out))
    recorded = ledger.record(
        *(_with_size(action, len(taken)) for _, actions in taken for action in actions),
        seen={state.id: state.last_event for state, _ in taken},
    )
    check_cases.place_check_cases(ledger, group)
    return GroupResult(recorded, tuple(left_out))


def _chosen_cases(ledger: Ledger, opinion: GroupOpinion) -> tuple[str, ...]:
    """Return the open cases of the group that the opinion means, in the order of the queue.

    For a second opinion, new cases that something has joined since are among them: they are named if they drop out.
    """
    database, group = ledger.database, opinion.group
    innocents = {one.id for one in check_cases.read_check_cases(ledger.folder, group)}
    members = set(case_groups.open_members(database, group))
    for case in (*opinion.only, *opinion.without):
        if case not in members | innocents:
            raise UsageError(f"case {case}: is no open case of group {group.label}")
    if opinion.only:
        return tuple(case for case in dict.fromkeys(opinion.only) if case not in innocents | {*opinion.without})
    waiting = (
        case_groups.open_members(database, group, ("new",))
        if opinion.first
        else case_groups.open_members(database, group, ("proposed", "disputed"))
        + case_groups.open_members(database, group, ("new",), changed=True)
    )
    without = set(opinion.without)
    return tuple(case for case in waiting if case not in without)


def _actions(state: CaseState, opinion: GroupOpinion, now: str, size: int) -> list[LedgerAction]:
    """Return the actions that give the opinion on one case of the group: what single opinions record, and its size."""
    rules = opinion.rules or tuple(dict.fromkeys(reason.rule for reason in state.reasons))
    data = {"verdict": opinion.verdict, "rules": list(rules), "why": opinion.why, "group": size}
    if opinion.verdict == "de-index":
        data["weights"] = opinion.group.name
    if not opinion.first:
        kind = "settled" if state.phase == "disputed" else "reviewed"
        return [LedgerAction(kind, state.id, opinion.reviewer, {**data, "review_by": opinion.review_by})]
    proposed = LedgerAction("proposed", state.id, opinion.reviewer, data)
    if state.is_claimed(now):
        return [proposed]
    until = {"until": add_time(now, hours=_CLAIM_HOURS)}
    return [LedgerAction("claimed", state.id, opinion.reviewer, until), proposed]


def _refusal_reason(state: CaseState, actions: Sequence[LedgerAction], opinion: GroupOpinion, now: str) -> str:
    """Return why an opinion is refused on one case of the group; "" if it can be recorded."""
    if 0 <= opinion.seen < state.last_event:
        return "it has changed since you opened the group"
    if not opinion.first and state.phase == "new" and state.changed_since:
        return "its facts have changed since the first review, so it waits for a first opinion again"
    try:
        for number, action in enumerate(actions, state.last_event + 1):
            event = LedgerEvent(number, now, action.actor, action.kind, state.id, action.data)
            state = case_transitions.apply_event(state, event)
    except UsageError as error:
        return str(error).removeprefix(f"case {state.id}: ")
    return ""


def _with_size(action: LedgerAction, size: int) -> LedgerAction:
    """Return an action of a group with the number of cases that its decision takes in."""
    return replace(action, data={**action.data, "group": size}) if "group" in action.data else action


def _nothing_to_record(ledger: Ledger, opinion: GroupOpinion, left_out: Sequence[LeftOut]) -> str:
    """Return the message that no case of a group takes an opinion."""
    waits = case_groups.summarize_group(ledger.database, opinion.group)
    message = (
        f"{opinion.group.label}: nothing was recorded: {waits.new:,} of its cases wait for a first opinion, "
        f"{waits.proposed:,} for a second, {waits.disputed:,} for a further one"
    )
    if left_out:
        return f"{message}; case {left_out[0].case}: {left_out[0].why}"
    return f"{message}, so none takes a {'first' if opinion.first else 'second or further'} opinion"
