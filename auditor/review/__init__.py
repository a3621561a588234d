"""Cases and the ledger: people decide, and the record cannot be quietly rewritten.

``cases`` turns what runs found into review cases · ``states`` says who may do what, purely · ``ledger`` keeps
every event · ``duties`` drafts what is owed to owners, hotlines and the public.

    ledger = Ledger.open(folder)
    for decision in ledger.standing():
        ...
"""

from __future__ import annotations

from auditor.review.decisions import ACTIONS, STRENGTHS, VERDICTS, Decision, Fact, Opinion, Reason, Verdict
from auditor.review.ledger import Ledger
from auditor.review.queue import Query

__all__ = ["ACTIONS", "STRENGTHS", "VERDICTS", "Decision", "Fact", "Ledger", "Opinion", "Query", "Reason", "Verdict"]
