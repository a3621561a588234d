"""Report cases: what one person does when samples of a dataset or an upload match a list of known content.

Access is restricted, what is there is preserved, a report is made, and the host is told. One person is enough, and a
report case is never decided on: by itself it puts nothing on a de-index list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from auditor.errors import UsageError
from auditor.review.ledger_events import LedgerEvent
from auditor.review.review_types import ReportStep, StepName
from auditor.review.transition_guards import require_explanation, require_unclaimed_by_others
from auditor.timestamps import add_time

if TYPE_CHECKING:
    from auditor.review.case_state import CaseState

REPORT_STEPS: Mapping[StepName, str] = MappingProxyType(
    {
        "restrict": "restrict access to it, without deleting anything",
        "preserve": "preserve what the law asks you to preserve",
        "report": "report it to the hotline or the police",
        "tell-host": "tell who hosts it, after the report",
    }
)
# The laws cited here name no hours: "as soon as reasonably possible" (18 U.S.C. 2258A(a)(1)(A)(i)), "promptly"
# (DSA, article 18(1)). A report that has waited for a day is shown as late.
REPORT_WITHIN_HOURS = 24
# 18 U.S.C. 2258A(h)(1), as amended by the REPORT Act of 2024: what was reported is preserved for one year.
PRESERVE_DAYS = 365


def apply_step(state: CaseState, event: LedgerEvent, step: StepName, outcome: str) -> CaseState:
    """Apply that one person did a step of a report case, or that it is not due. Raises :class:`UsageError`."""
    if state.ground != "report":
        raise UsageError(f"case {state.id}: has no steps of a report case; its ground is {state.ground}")
    if step not in REPORT_STEPS:
        raise UsageError(f"case {state.id}: {step!r} is not a step; there are {', '.join(REPORT_STEPS)}")
    if outcome not in ("done", "not-due"):
        raise UsageError(f"case {state.id}: record that a step is `done` or `not-due`")
    require_unclaimed_by_others(state, event)
    if step == "tell-host" and not state.reported:
        raise UsageError(
            f"case {state.id}: record first that it was reported, or that no report is due: whoever is told earlier "
            "could warn someone whom the police should reach first"
        )
    before = next((made for made in state.steps if made.step == step), None)
    if before and not (before.outcome == "not-due" and outcome == "done"):
        raise UsageError(
            f"case {state.id}: {before.reviewer} recorded on {before.at} that the step {step} is {before.outcome}"
        )
    made = ReportStep(
        step, "done" if outcome == "done" else "not-due", require_explanation(event), event.actor, event.time
    )
    steps = (*(other for other in state.steps if other is not before), made)
    return replace(
        state,
        steps=steps,
        phase="closed" if len(steps) == len(REPORT_STEPS) else "reported" if _find(steps, "report") else "new",
        involved=state.involved | {event.actor},
    )


def require_decidable(state: CaseState) -> None:
    """Refuse a transition of a decision on a report case."""
    if state.ground == "report":
        raise UsageError(
            f"case {state.id}: is a report case, which is not decided on: restrict, preserve and report; see "
            "`auditor review step --help`"
        )


def missing_steps(state: CaseState) -> tuple[StepName, ...]:
    """Return the steps of a report case that are not recorded yet, in order; () for another case."""
    recorded = {made.step for made in state.steps}
    return tuple(step for step in REPORT_STEPS if step not in recorded) if state.ground == "report" else ()


def describe_report_clock(state: CaseState, now: str) -> str:
    """Return how long a report case took from found to reported, or has waited, and until when to preserve."""
    made = _find(state.steps, "report")
    found = f"found {state.found_at}"
    if made is None:
        hours = _hours_between(state.found_at, now)
        late = f", longer than {REPORT_WITHIN_HOURS}" if hours >= REPORT_WITHIN_HOURS else ""
        return f"{found}; not reported for {hours:.1f} hours{late}"
    hours = _hours_between(state.found_at, made.at)
    if made.outcome == "not-due":
        return f"{found}; that no report is due was recorded after {hours:.1f} hours"
    return f"{found}; reported after {hours:.1f} hours; preserve it until {preserve_until(state)[:10]}"


def report_due_at(state: CaseState) -> str:
    """Return by when a report case is to be reported; "" if that is recorded already, or for another case."""
    if state.ground != "report" or _find(state.steps, "report"):
        return ""
    return add_time(state.found_at, hours=REPORT_WITHIN_HOURS)


def preserve_until(state: CaseState) -> str:
    """Return until when what a report case reported is preserved; "" if nothing was reported."""
    made = _find(state.steps, "report")
    return add_time(made.at, days=PRESERVE_DAYS) if made and made.outcome == "done" else ""


def _find(steps: tuple[ReportStep, ...], step: StepName) -> ReportStep | None:
    """Return one of the recorded steps of a report case."""
    return next((made for made in steps if made.step == step), None)


def _hours_between(start: str, end: str) -> float:
    """Return the hours from one timestamp of a report case to another."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() / 3600
