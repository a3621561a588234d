"""Labels that the page shows for events, verdicts, stages and other terms of a review."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from auditor.review.case_state import Stage
from auditor.review.ledger_events import LedgerEvent
from auditor.review.review_types import Verdict

STAGE_LABELS: Mapping[Stage, str] = MappingProxyType(
    {
        "new": "new",
        "claimed": "claimed",
        "proposed": "second review",
        "disputed": "disputed",
        "approved": "approved",
        "listed": "listed",
        "re-review": "re-review due",
        "appealed": "appealed",
        "waiting": "needs more facts",
        "overturned": "overturned",
        "reported": "reported",
        "closed": "closed",
    }
)
VERDICT_LABELS: Mapping[Verdict, str] = MappingProxyType(
    {
        "de-index": "De-index",
        "demote": "Demote",
        "label": "Label",
        "gate": "Gate",
        "refer": "Refer to a hotline",
        "interim": "De-index now for 72 hours",
        "no-action": "No action",
        "need-more": "Needs more facts",
    }
)
EVENT_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "begun": "created this ledger",
        "policy": "recorded the rules that a run used",
        "clock": "recorded that the clock was wrong before",
        "receipt": "recorded a recipient's receipt",
        "enrolled": "enrolled a reviewer's key",
        "revoked": "revoked a reviewer",
        "erased": "erased texts",
        "opened": "opened the case",
        "joined": "added re-uploads or reasons",
        "read": "read the case",
        "claimed": "claimed the case",
        "released": "released the case",
        "proposed": "proposed a decision",
        "reviewed": "gave the second opinion",
        "settled": "gave a third or later opinion",
        "withdrawn": "withdrew their opinion or confirmation",
        "interim": "de-indexed the subject for at most 72 hours",
        "confirmed": "recorded that a match was confirmed",
        "reopened": "opened a new round",
        "appealed": "recorded the owner's appeal",
        "appeal-decided": "decided the appeal",
        "outcome-told": "recorded that the owner was told the outcome of the appeal",
        "reported": "recorded whether the case was reported",
        "step": "recorded a step of the report case",
        "notified": "recorded that the owner was notified",
        "listed": "put the decision on a list",
        "delisted": "took the decision off a list",
    }
)
# How a fact relates its subject to its value.
FACT_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "known_content": "matches entries of list",
        "known_content_lead": "has leads to entries of list",
        "known_model": "matches entries of list",
        "trained_on": "was trained on",
        "base_model": "was made from",
        "sourced_from": "was made from",
        "copy_of": "has the same weights as",
    }
)
# Keys whose values quote other texts: masked as a whole.
FULLY_MASKED_KEYS = frozenset({"adult_content", "signal", "tag", "title", "companion"})


def event_label(event: LedgerEvent) -> str:
    """Return the page's label of an event: what somebody did, without the verdict."""
    return EVENT_LABELS.get(event.kind, event.kind)
