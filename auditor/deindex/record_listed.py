"""Record in the ledger what a list holds that was built."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from auditor.deindex.party_cards import Party
from auditor.deindex.sent_state import (
    holds_decision,
    open_sent_state,
)
from auditor.review.ledger import Ledger
from auditor.review.review_types import Decision

DECISIONS_PER_TRANSACTION = 10_000  # recorded in the ledger in one transaction


def record_listed_decisions(ledger: Ledger, recipient: Party, state: Path, version: int) -> None:
    """Record in the ledger which decisions are on the recipient's list now, and which cases no longer are."""
    with closing(open_sent_state(state, recipient)) as sent:
        while True:
            on: list[Decision] = []
            off: list[str] = []
            for case in ledger.states():
                listed = [decision for decision in case.in_force if holds_decision(sent, decision)]
                if listed and recipient.name not in case.listed:
                    on += listed[-1:]
                elif recipient.name in case.listed and not listed:
                    off.append(case.id)
                if len(on) + len(off) >= DECISIONS_PER_TRANSACTION:
                    break
            if not on and not off:
                return
            ledger.record_listed(on, recipient=recipient.name, version=str(version))
            ledger.record_delisted(off, recipient=recipient.name, version=str(version))
