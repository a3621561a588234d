"""What is recorded in the ledger: who did what, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class LedgerEvent:
    """What somebody did, and when.

    ``actor`` is a pseudonym, or ``auditor`` when the program recorded it. ``leaf`` is the hash of its ledger entry in
    hex. ``redacted`` is the text that ``leaf`` is the hash of where words and names are replaced by digests; else "".
    """

    number: int
    time: str
    actor: str
    kind: str
    case: str
    data: Mapping[str, Any]
    leaf: str = ""
    redacted: str = ""


@dataclass(frozen=True, slots=True)
class LedgerAction:
    """What to record: an :class:`auditor.review.ledger_events.LedgerEvent` before it has a number and a time."""

    kind: str
    case: str
    actor: str
    data: Mapping[str, Any]
