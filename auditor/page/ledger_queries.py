"""Questions that the page asks a ledger besides those of :class:`auditor.review.ledger.Ledger`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from auditor.errors import SealError, UsageError
from auditor.review.case_state import CaseState
from auditor.review.ledger import Ledger
from auditor.review.ledger_events import LedgerEvent
from auditor.review.ledger_storage import LEDGER_FILE, connect_read_only
from auditor.sealing import merkle


def verify_events(ledger: Ledger, events: Iterable[LedgerEvent]) -> None:
    """Verify that events queried from the ledger are under the signed checkpoint. Raises :class:`SealError`."""
    signed = ledger.checkpoint()
    for event in events:
        proof = merkle.inclusion_proof(event.number, signed.size, ledger.node) if event.number < signed.size else ()
        if not merkle.verify_inclusion(bytes.fromhex(event.leaf), event.number, signed.size, proof, signed.root):
            raise SealError(
                f"{ledger.folder / LEDGER_FILE}: entry {event.number} was changed from outside; decide nothing, run "
                "`auditor review verify`, and restore an export"
            )


def decided_cases(folder: Path, most: int) -> tuple[tuple[str, ...], int]:
    """Query the ledger for up to `most` cases that are decided or on a list, last changed first, and the total."""
    with closing(connect_read_only(folder)) as database:
        (total,) = database.execute("SELECT count(*) FROM queue WHERE listed OR review_by <> ''").fetchone()
        asked = "SELECT case_id FROM queue WHERE listed OR review_by <> '' ORDER BY changed_at DESC, case_id LIMIT ?"
        return tuple(case for (case,) in database.execute(asked, (most,))), total


def last_listed_decisions(folder: Path, recipient: str) -> dict[str, str]:
    """Query the ledger for the decision listed last of each case that was ever on a recipient's list."""
    asked = (
        "SELECT case_id, json_extract(body, '$.data.decision') FROM events "
        "WHERE json_extract(body, '$.kind') = 'listed' AND json_extract(body, '$.data.recipient') = ? ORDER BY number"
    )
    with closing(connect_read_only(folder)) as database:
        return dict(database.execute(asked, (recipient,)).fetchall())


def recorded_policy(ledger: Ledger, state: CaseState) -> Mapping[str, Any]:
    """Query the ledger for the policy recorded for a case, {} if it has none."""
    try:
        return ledger.policy(state.policy)
    except UsageError:
        return {}
