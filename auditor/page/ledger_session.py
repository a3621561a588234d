"""Open the ledger for one request, and check that since the page was started entries were only added.

A page stays open for hours. Meanwhile the file may be locked, rewritten, cut back or replaced; whatever the page has
seen signed before must still be there at every request.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from auditor.errors import AuditorError, SealError, UsageError
from auditor.review import timestamps
from auditor.review.case_state import CaseState, LedgerEvent
from auditor.review.checkpoints import Checkpoint
from auditor.review.ledger import Ledger
from auditor.review.ledger_storage import LEDGER_FILE
from auditor.sealing import merkle

LOCK_TIMEOUT_SECONDS = 2.0  # for another program's write


class LedgerBusy(AuditorError):
    """Another program is writing to the ledger."""


@dataclass(slots=True)
class LedgerSession:
    """A ledger's folder, and the last checkpoint that was seen of it."""

    folder: Path
    clock: Callable[[], str] = timestamps.current_time
    public: bytes = b""
    last: Checkpoint | None = None
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def open_ledger(self) -> Iterator[Ledger]:
        """Open the ledger. Raises :class:`LedgerBusy`, or :class:`SealError` if it is no longer the same ledger."""
        self._check_not_locked()
        with Ledger.open(self.folder, clock=self.clock) as ledger:
            self._check_unchanged(ledger)
            yield ledger

    def _check_not_locked(self) -> None:
        """Fail fast when the file is locked: recording waits long so that nothing is lost, but viewing should not."""
        try:
            with closing(connect_read_only(self.folder)) as database:
                database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise LedgerBusy("Another program is writing to the ledger. Nothing is lost: try again.") from error
        except sqlite3.DatabaseError:
            pass  # Ledger.open reports what is wrong

    def _check_unchanged(self, ledger: Ledger) -> None:
        # Read the last checkpoint first: a parallel request may store a newer one in the meantime.
        """Refuse a ledger that was replaced, cut back or rewritten since the last request."""
        last, public = self.last, self.public
        now = ledger.checkpoint()
        path = self.folder / LEDGER_FILE
        if last is not None:
            if (now.origin, ledger.public) != (last.origin, public):
                raise SealError(f"{path}: is not the ledger that this page was started with; start the page again")
            if now.size < last.size:
                raise SealError(
                    f"{path}: has {now.size:,} entries and had {last.size:,}: it was cut back or replaced by an older "
                    "copy; do not decide anything, run `auditor review verify`, and restore an export"
                )
            if merkle.root_hash(last.size, ledger.node) != last.root:
                raise SealError(
                    f"{path}: entries that this page has seen were rewritten; decide nothing, run "
                    "`auditor review verify`, and restore an export"
                )
        with self._lock:
            if self.last is None or now.size > self.last.size:
                self.last, self.public = now, ledger.public


def connect_read_only(folder: Path) -> sqlite3.Connection:
    """Open the SQLite file for reading only."""
    uri = f"{(folder / LEDGER_FILE).absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, timeout=LOCK_TIMEOUT_SECONDS, isolation_level=None)


def verify_events(ledger: Ledger, events: Iterable[LedgerEvent]) -> None:
    """Verify that these events are under the signed checkpoint. Raises :class:`SealError`."""
    signed = ledger.checkpoint()
    for event in events:
        proof = merkle.inclusion_proof(event.number, signed.size, ledger.node) if event.number < signed.size else ()
        if not merkle.verify_inclusion(bytes.fromhex(event.leaf), event.number, signed.size, proof, signed.root):
            raise SealError(
                f"{ledger.folder / LEDGER_FILE}: entry {event.number} was changed from outside; decide nothing, run "
                "`auditor review verify`, and restore an export"
            )


def decided_cases(folder: Path, most: int) -> tuple[tuple[str, ...], int]:
    """Return up to `most` ids of cases that are decided or on a list, the last changed first, and the total."""
    with closing(connect_read_only(folder)) as database:
        (total,) = database.execute("SELECT count(*) FROM queue WHERE listed OR review_by <> ''").fetchone()
        asked = "SELECT case_id FROM queue WHERE listed OR review_by <> '' ORDER BY changed_at DESC, case_id LIMIT ?"
        return tuple(case for (case,) in database.execute(asked, (most,))), total


def last_listed_decisions(folder: Path, recipient: str) -> dict[str, str]:
    """Return for each case that was ever on a recipient's list the decision that was listed last."""
    asked = (
        "SELECT case_id, json_extract(body, '$.data.decision') FROM events "
        "WHERE json_extract(body, '$.kind') = 'listed' AND json_extract(body, '$.data.recipient') = ? ORDER BY number"
    )
    with closing(connect_read_only(folder)) as database:
        return dict(database.execute(asked, (recipient,)).fetchall())


def recorded_policy(ledger: Ledger, state: CaseState) -> Mapping[str, Any]:
    """Return the policy that the ledger recorded for a case, {} if it has none."""
    try:
        return ledger.policy(state.policy)
    except UsageError:
        return {}
