"""The public report on decisions: counts alone, no name of a model or reviewer."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from auditor.review.case_state import CaseState
from auditor.review.ledger import Ledger


def transparency_report(ledger: Ledger) -> dict[str, Any]:
    """Return the public transparency report: counts, grounds, times to decision, disputes, appeals, the Merkle root."""
    now = ledger.now
    stages: Counter[str] = Counter()
    verdicts: Counter[str] = Counter()
    grounds: Counter[str] = Counter()
    appeals: Counter[str] = Counter()
    states: Counter[str] = Counter()
    recipients: Counter[str] = Counter()
    hours: list[float] = []
    cases = disputed = 0
    for state in ledger.states():
        cases += 1
        grounds[state.ground] += 1
        stages[state.stage(now)] += 1
        recipients.update(state.listed)
        disputed += _is_disputed(state)
        for decision in state.decisions:
            verdicts[decision.verdict] += 1
            states["lapsed" if decision.has_lapsed(now) else decision.status] += 1
            if decision.appeal:
                appeals[decision.appeal] += 1
            hours.append(_hours_between(decision.opened_at, decision.decided_at))
    checkpoint = ledger.checkpoint()
    return {
        "as_of": now,
        "cases": cases,
        "grounds": dict(sorted(grounds.items())),
        "stages": dict(sorted(stages.items())),
        "decisions": dict(sorted(verdicts.items())),
        "became": dict(sorted(states.items())),
        "hours_to_decision": _percentiles(hours),
        "disputed": disputed,
        "interim": verdicts["interim"],
        "recipients": {"number": len(recipients), "entries": sum(recipients.values())},
        "appeals": {outcome: appeals[outcome] for outcome in ("open", "upheld", "overturned")},
        "ledger": {"events": checkpoint.size, "merkle_root": checkpoint.root.hex()},
    }


def _is_disputed(state: CaseState) -> bool:
    """Return whether reviewers of a case's current round have disagreed; the round may have ended since."""
    return len({opinion.verdict for opinion in state.opinions}) > 1


def _percentiles(hours: Sequence[float]) -> dict[str, float]:
    """Return for the transparency report the median, 90th percentile and longest of some durations in hours."""
    if not hours:
        return {}
    ordered = sorted(hours)
    ninth = ordered[min(len(ordered) - 1, int(len(ordered) * 0.9))]
    return {"median": round(statistics.median(ordered), 1), "90th": round(ninth, 1), "longest": round(ordered[-1], 1)}


def _hours_between(start: str, end: str) -> float:
    """Return the hours between two times, for the transparency report."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() / 3600
