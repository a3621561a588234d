"""Review by people: cases, the signed ledger of what was done, and drafts that follow from decisions.

``open_cases`` opens cases from runs · ``case_transitions`` says what may happen to a case next · ``ledger`` records
every event · ``drafts`` writes drafts for owners, hotlines and public databases.

    ledger = Ledger.open(folder)
    for decision in ledger.decisions_in_force():
        ...
"""

from __future__ import annotations

from auditor.review.case_reasons import STRENGTH_MEANINGS, CaseFact, Reason
from auditor.review.ledger import Ledger
from auditor.review.queue import QueueQuery
from auditor.review.review_types import ACTION_VERDICTS, VERDICT_MEANINGS, Decision, Opinion, Verdict

__all__ = [
    "ACTION_VERDICTS",
    "STRENGTH_MEANINGS",
    "VERDICT_MEANINGS",
    "CaseFact",
    "Decision",
    "Ledger",
    "Opinion",
    "QueueQuery",
    "Reason",
    "Verdict",
]
