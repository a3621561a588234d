"""Events as steps of a history, on a case's page and in the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.page import readable_times
from auditor.plurals import count_with_noun
from auditor.review.ledger_events import LedgerEvent
from auditor.review.report_case import REPORT_STEPS

OPINION_EVENTS = ("proposed", "reviewed", "settled", "interim")  # events with an opinion


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """An event in a history, with the verdict and words that this reviewer may see."""

    event: LedgerEvent
    verdict: str = ""
    rules: tuple[str, ...] = ()
    why: str = ""
    note: str = ""


def history_steps(events: Sequence[LedgerEvent]) -> list[HistoryStep]:
    """Return the steps of a history, the newest first."""
    return [history_step(event) for event in reversed(events)]


def history_step(event: LedgerEvent) -> HistoryStep:
    """Return the step of a case's history that an event makes."""
    data = event.data
    if event.kind not in OPINION_EVENTS:
        return HistoryStep(
            event, verdict=str(data.get("outcome", "")), why=str(data.get("why", "")), note=_event_note(event)
        )
    if not data:
        return HistoryStep(event, note="not shown until two reviewers have given their opinions")
    return HistoryStep(event, str(data["verdict"]), tuple(data["rules"]), str(data["why"]), _event_note(event))


def _event_note(event: LedgerEvent) -> str:
    """Return what a step of a case's history says about its event."""
    data = event.data
    match event.kind:
        case "step":
            return REPORT_STEPS.get(data["step"], str(data["step"]))
        case "opened" | "joined":
            counted = (("reason", data["reasons"]), ("fact", data["facts"]), ("re-upload", data["copies"]))
            return ", ".join(count_with_noun(len(found), name) for name, found in counted if found)
        case "claimed":
            return f"until {readable_times.readable_time(str(data['until']))}"
        case "interim":
            return f"until {readable_times.readable_time(str(data['expires']))}"
        case "listed" | "delisted":
            return f"for {data['recipient']}, version {data['version']}"
        case "enrolled" | "revoked":
            return str(data["reviewer"])
        case "receipt":
            return (
                f"from {data['recipient']}, version {data['version']}, {readable_times.readable_time(str(data['at']))}"
            )
    return ""
