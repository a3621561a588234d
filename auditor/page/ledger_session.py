"""Open the ledger for one request, and check that since the page was started entries were only added.

A page stays open for hours. Meanwhile the file may be locked, rewritten, cut back or replaced; whatever the page has
seen signed before must still be there at every request.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from auditor import timestamps
from auditor.errors import AuditorError, SealError
from auditor.review.checkpoints import Checkpoint
from auditor.review.ledger import Ledger
from auditor.review.ledger_storage import LEDGER_FILE, connect_read_only
from auditor.sealing import merkle
from auditor.sealing.keys import SigningKey


class LedgerBusy(AuditorError):
    """Another program is writing to the ledger."""


@dataclass(slots=True)
class LedgerSession:
    """A ledger's folder, and the last checkpoint that was seen of it."""

    folder: Path
    clock: Callable[[], str] = timestamps.current_time
    public: bytes = b""
    last: Checkpoint | None = None
    signers: Mapping[str, SigningKey] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def open_ledger(self) -> Iterator[Ledger]:
        """Open the ledger. Raises :class:`LedgerBusy`, or :class:`SealError` if it is no longer the same ledger."""
        self._check_not_locked()
        with Ledger.open(self.folder, clock=self.clock) as ledger:
            self._check_unchanged(ledger)
            ledger.signers.update(self.signers)
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
